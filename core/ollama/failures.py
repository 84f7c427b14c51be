"""What a server's refusal means: status, body, route and model in, one of our errors out. Pure.

The status decides first and the text second (`complaints`), because texts differ by route and by
version. Whatever is no JSON error was not said by Ollama's API: by a proxy, by a router's login page,
by some other program at that address.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from core.errors import (
    BadRequest,
    Cancelled,
    LeitstandError,
    ModelNotFound,
    NeedsSignIn,
    NotCapable,
    NotOllama,
    ServerBusy,
    ServerError,
    ServerUnavailable,
)
from core.guard import one_line
from core.ollama.complaints import named, quoted, sentence, told

# What every server we can work with has; an unknown path among these means it is no Ollama.
_ALWAYS_THERE = frozenset(
    f"/api/{name}"
    for name in (
        "version",
        "tags",
        "ps",
        "show",
        "chat",
        "generate",
        "embed",
        "pull",
        "create",
        "copy",
        "delete",
    )
)
_WITHOUT_MODEL = frozenset({"/api/version", "/api/tags", "/api/ps"})


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Everything there is to judge by."""

    route: str
    status: int
    body: bytes = b""
    location: str = ""
    model: str = ""
    url: str = "the server"


def failure(refusal: Refusal) -> LeitstandError:
    """Say what a reply that is no success means."""
    if 300 <= refusal.status < 400:
        return _redirect(refusal)
    reply = _json(refusal.body)
    text = _error_text(reply)
    if text is None:
        return _not_said_by_ollama(refusal)
    by_status = _by_status(refusal, text, reply)
    if by_status is not None:
        return by_status
    return error_line(text, refusal.route, refusal.model, refused=refusal.status < 500)


def error_line(error: Any, route: str, model: str, *, refused: bool = False) -> LeitstandError:
    """Say what the value of an "error" field means, in a stream or with a status that says little."""
    text = error if isinstance(error, str) else json.dumps(error)
    known = told(text, route, model)
    if known is not None:
        return known
    if refused:
        return BadRequest(f"The server does not accept this: {quoted(text)}")
    return ServerError(f"The server reports an error: {quoted(text)}", "The server's log says more.")


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _error_text(reply: Any) -> str | None:
    error = reply.get("error") if isinstance(reply, dict) else None
    if error is None:
        return None
    return error if isinstance(error, str) else json.dumps({"error": error})


def _by_status(refusal: Refusal, text: str, reply: Any) -> LeitstandError | None:
    model = named(refusal.model)
    match refusal.status:
        case 401:
            page = str(reply.get("signin_url", ""))
            # Only Ollama's own page is passed on: a link in an error is a link people follow.
            where = f" (or open {one_line(page, 300)})" if page.startswith("https://ollama.com/") else ""
            return NeedsSignIn(
                f"{model} needs an Ollama account." if refusal.model else "The server asks for a login.",
                f"Sign in on the server with `ollama signin`{where}, or choose a local model.",
            )
        case 404 if refusal.route in _WITHOUT_MODEL:
            return _something_else(refusal)
        case 404:
            return ModelNotFound(f"The server does not have {model}.")
        case 412:
            return ServerError(
                sentence(f"{model} needs a newer Ollama than this server has."), "Update Ollama on it."
            )
        case 429:
            return ServerBusy("The server asks to wait: too many requests.")
        case 499:
            return Cancelled("The server stopped the request.")
        case 501:
            return told(text, refusal.route, refusal.model) or NotCapable(
                sentence(f"{model} does not support what was asked of it.")
            )
        case 502:
            return ServerError(
                f"The server cannot reach the machine that runs {model}.",
                "Check the server's network, or choose a local model.",
            )
        case 503:
            return told(text, refusal.route, refusal.model) or ServerBusy(
                f"The server takes no more requests now: {quoted(text)}"
            )
        case _:
            return None


def _redirect(refusal: Refusal) -> LeitstandError:
    target = one_line(refusal.location, 300).removesuffix(refusal.route)
    if not target:
        return _something_else(refusal)
    return NotOllama(
        f"{refusal.url} sends us on to {target}.",
        "If Ollama is there, give that address with --host, OLLAMA_HOST or server.url.",
    )


def _something_else(refusal: Refusal) -> LeitstandError:
    return NotOllama(f"Something answers at {refusal.url}, but it is not Ollama.")


def _not_said_by_ollama(refusal: Refusal) -> LeitstandError:
    url = refusal.url
    match refusal.status:
        case 401:
            return NeedsSignIn(
                f"{url} asks for a user name and a password.",
                "Put them into the address: http://user:password@host.",
            )
        case 400 if not refusal.body.strip():  # the reply to a HEAD has no text
            return BadRequest("The server does not accept this, and does not say why.")
        case 403 if not refusal.body.strip():
            return ServerError(
                f"{url} refuses us: it does not answer to that host name.",
                "Use its IP address; or set OLLAMA_HOST=0.0.0.0 or OLLAMA_ORIGINS on the server, or let the "
                "proxy before it rewrite the Host header.",
            )
        case 405 if refusal.route in _WITHOUT_MODEL:
            return _something_else(refusal)
        case 405:
            return ServerError(
                f"{url} does not allow this on {refusal.route}.",
                "A proxy before Ollama may be filtering, or the server is too old: update Ollama.",
            )
        case 404 if refusal.route not in _ALWAYS_THERE:
            return ServerError(
                f"This server does not know {one_line(refusal.route, 60)}.", "Update Ollama on the server."
            )
        case 407:
            return ServerUnavailable(
                "The proxy in the environment asks for a login.",
                "Put it into HTTP_PROXY, or name the server in NO_PROXY.",
            )
        case 413:
            return BadRequest(
                "A proxy before Ollama does not let a request of this size through.",
                "Raise its limit (nginx: client_max_body_size), or send less.",
            )
        case 429:
            return ServerBusy("The server asks to wait: too many requests.")
        case 502 | 503:
            return ServerUnavailable(
                f"A proxy answers at {url}, but it cannot reach Ollama.",
                "Start Ollama behind it, or give the address of Ollama itself.",
            )
        case 504 | 408:
            return ServerUnavailable(
                f"The proxy at {url} did not wait long enough for Ollama.",
                "Raise its time limit (nginx: proxy_read_timeout), or give the address of Ollama itself.",
            )
        case status if status >= 500:
            return ServerError(
                f"The server failed without saying why (status {status}).", "The server's log says more."
            )
        case _:
            return _something_else(refusal)
