"""Where the server is: every way people write an Ollama address, read as Ollama reads it.

Pure. What had to be changed on the way is said in `notes`, for `doctor` and the status screen.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import unquote

import msgspec

from core.errors import ConfigError
from core.guard import one_line

DEFAULT_PORT = 11434
_PORTS = {"http": 80, "https": 443}
_LONGEST = 2000
_EXAMPLE = "Write it like 127.0.0.1:11434, gpu-box:11434 or https://ollama.example.org/prefix."

_LABELS = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\xa0\u2028-\u202e\u2066-\u2069\ud800-\udfff<>\"\\^`{|}]")
# The ends of addresses copied from a browser or from another client's settings.
_PASTED = re.compile(
    r"/(api|v1)(/(tags|ps|show|chat|generate|pull|push|create|embed|embeddings|version|models"
    r"|completions|chat/completions))?$"
)


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """The base of every request; *url* never ends in a slash and never holds a password."""

    scheme: str = "http"
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    path: str = ""
    username: str = ""
    password: str = ""
    notes: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """What is requested, shown and logged."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"

    @property
    def loopback(self) -> bool:
        """Whether it is this machine, which no proxy can reach."""
        if self.host in {"localhost", "ip6-localhost", "ip6-loopback"} or self.host.endswith(".localhost"):
            return True
        literal = _literal(self.host)
        if literal is None:
            return re.fullmatch(r"127(\.\d+){1,3}", self.host) is not None
        mapped = literal.ipv4_mapped if isinstance(literal, IPv6Address) else None
        return (mapped or literal).is_loopback

    def __repr__(self) -> str:
        return f"Address({self.url!r})"


def parse(text: str) -> Address:
    """Read an address as given with --host, OLLAMA_HOST or server.url; raise ConfigError when it is none."""
    notes: list[str] = []
    scheme, given, rest = _scheme(_cleaned(text))
    rest = re.split(r"[?#]", rest, maxsplit=1)[0]
    authority, slash, path = rest.partition("/")
    login, _, hostport = authority.rpartition("@")
    username, _, password = login.partition(":")
    host, port = _host_and_port(hostport, _PORTS[scheme] if given else DEFAULT_PORT, notes)
    return Address(
        scheme=scheme,
        host=_reachable(host, text, notes),
        port=port,
        path=_prefix(slash + path, notes),
        username=unquote(username),
        password=unquote(password),
        notes=tuple(notes),
    )


def _cleaned(text: str) -> str:
    cleaned = text[: _LONGEST + 1].strip().strip("\"'").strip()
    if len(cleaned) > _LONGEST or _FORBIDDEN.search(cleaned):
        raise _wrong(text)
    return cleaned


def _wrong(text: str) -> ConfigError:
    # What stands before an @ may be a password.
    shown = one_line(text.rpartition("@")[2], 80)
    return ConfigError(f"“{shown}” is not the address of a server.", _EXAMPLE)


def _scheme(text: str) -> tuple[str, bool, str]:
    scheme, given, rest = text.partition("://")
    if not given:
        return "http", False, text.removeprefix("//")
    scheme = scheme.lower()
    if scheme not in _PORTS:
        raise ConfigError(
            f"Ollama is reached over http or https, not “{one_line(scheme, 40)}”.",
            _EXAMPLE,
        )
    return scheme, True, rest


def _host_and_port(text: str, default: int, notes: list[str]) -> tuple[str, int]:
    if _literal(text) is not None:  # a bare IPv6 address: its colons separate no port
        return text, default
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        if _literal(host) is None or (rest and not rest.startswith(":")):
            raise _wrong(text)
        port = rest[1:]
    else:
        host, _, port = text.partition(":")
    if ":" in port:
        raise _wrong(text)
    if not port:
        return host, default
    if re.fullmatch(r"[0-9]{1,5}", port) and 0 < int(port) < 65536:
        return host, int(port)
    notes.append(f"“{one_line(port, 20)}” is not a port; {default} is used.")
    return host, default


def _reachable(host: str, text: str, notes: list[str]) -> str:
    host = host.lower()
    if not host:
        return "127.0.0.1"
    literal = _literal(host)
    if literal is not None and literal.is_unspecified:
        target = "127.0.0.1" if literal.version == 4 else "::1"
        notes.append(f"{host} is where a server listens, not where it is reached; {target} is used.")
        return target
    if host == "localhost":
        notes.append("127.0.0.1 is surer than localhost, which may first mean IPv6.")
    if literal is not None:
        return host
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            raise _wrong(text) from None
    if _LABELS.fullmatch(host) is None:
        raise _wrong(text)
    return host


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _prefix(path: str, notes: list[str]) -> str:
    path = path.rstrip("/")
    base = _PASTED.sub("", path)
    if base != path:
        notes.append(f"{one_line(path[len(base) :], 40)} was left out: Leitstand adds the route itself.")
    return base.rstrip("/")
