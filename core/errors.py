"""Everything that can go wrong, as one small tree.

    LeitstandError                  code                what happened
    ├── UsageError                  usage               a wrong argument; nothing was done
    ├── NotFound                    not_found           no such model, chat, job …
    ├── Refused                     refused             we said no before anything happened
    │   ├── DiskFull                disk_full
    │   ├── NotEnoughMemory         not_enough_memory
    │   ├── PermissionRefused       permission
    │   └── Unreadable              unreadable          a document nothing can be read out of
    ├── Cancelled                   cancelled           somebody stopped it
    ├── ConfigError                 config              the configuration file or a value in it
    ├── StoreError                  store               the database
    │   ├── StoreNewer              store_newer         written by a newer version
    │   ├── StoreDamaged            store_damaged
    │   └── DataDirectoryBusy       data_busy           another process works on it
    ├── DataDirectoryError          data_directory      cannot be read or written
    ├── ServerError                 server              Ollama said no
    │   ├── ServerUnavailable       server_unavailable  nobody answers, or the connection was cut
    │   ├── ServerBusy              server_busy         503
    │   ├── NotOllama               not_ollama          something else answers at that address
    │   ├── BadReply                bad_reply           unreadable or torn answer
    │   ├── ModelNotFound           model_not_found
    │   ├── NotInRegistry           not_in_registry
    │   ├── BadRequest              bad_request         the server does not accept what was asked
    │   │   ├── CannotThink         cannot_think
    │   │   ├── NotCapable          not_capable         tools, images, chat, embeddings
    │   │   └── ContextExceeded     context_exceeded
    │   ├── OutOfMemory             out_of_memory       while loading or running
    │   ├── LoadFailed              load_failed
    │   ├── RunnerCrashed           runner_crashed      the model process died
    │   ├── StreamCut               stream_cut          ended without its final object
    │   └── NeedsSignIn             needs_sign_in       cloud models
    ├── ConnectionLost              connection_lost     the engine in the other process
    ├── WrongVersion                wrong_version       it speaks another language than we do
    └── Timeout                     timeout

A message is one sentence saying what happened; a hint is one sentence saying what to do. Neither
carries private text. Codes are stable: scripts and attached clients depend on them.
"""

from __future__ import annotations

from typing import ClassVar


class LeitstandError(Exception):
    """Something a person should hear about, in words made for them."""

    code: ClassVar[str] = "error"
    default_hint: ClassVar[str] = ""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint or self.default_hint


class UsageError(LeitstandError):
    """A wrong argument; nothing was done."""

    code = "usage"


class NotFound(LeitstandError):
    """No such thing."""

    code = "not_found"


class Refused(LeitstandError):
    """We said no before anything happened."""

    code = "refused"


class DiskFull(Refused):
    """Not enough space on a volume."""

    code = "disk_full"


class NotEnoughMemory(Refused):
    """Not enough memory for what was asked."""

    code = "not_enough_memory"


class PermissionRefused(Refused):
    """The caller may not do that."""

    code = "permission"


class Unreadable(Refused):
    """A document that nothing can be read out of: damaged, encrypted, too large, not a text."""

    code = "unreadable"


class Cancelled(LeitstandError):
    """Somebody stopped it."""

    code = "cancelled"


class ConfigError(LeitstandError):
    """The configuration file, or a value in it, is wrong."""

    code = "config"


class StoreError(LeitstandError):
    """The database did not do what it should."""

    code = "store"


class StoreNewer(StoreError):
    """The database was written by a newer version."""

    code = "store_newer"
    default_hint = "Start the newer version, or choose another data directory with --data."


class StoreDamaged(StoreError):
    """The database file is damaged."""

    code = "store_damaged"


class DataDirectoryBusy(StoreError):
    """Another process works on this data directory."""

    code = "data_busy"
    default_hint = "Use the Leitstand that is running, stop it, or choose another directory with --data."


class DataDirectoryError(LeitstandError):
    """The data directory cannot be read or written."""

    code = "data_directory"
    default_hint = "Check who owns it, or choose another directory with --data."


class ServerError(LeitstandError):
    """Ollama said no, or said something we do not understand."""

    code = "server"


class ServerUnavailable(ServerError):
    """Nobody answers at the server's address, or the connection was cut."""

    code = "server_unavailable"
    default_hint = "Start it with `ollama serve`, or set the address with --host or OLLAMA_HOST."


class ServerBusy(ServerError):
    """The server's queue is full."""

    code = "server_busy"
    default_hint = "Try again in a moment."


class NotOllama(ServerError):
    """Something else answers at the server's address."""

    code = "not_ollama"
    default_hint = "Check the address given with --host, OLLAMA_HOST or server.url."


class BadReply(ServerError):
    """The server's answer cannot be read."""

    code = "bad_reply"


class ModelNotFound(ServerError):
    """The server does not have that model."""

    code = "model_not_found"
    default_hint = "Download it first, or check the spelling of its name."


class NotInRegistry(ServerError):
    """The registry does not know that model."""

    code = "not_in_registry"
    default_hint = "Check the spelling of the name and the tag."


class BadRequest(ServerError):
    """The server does not accept what was asked."""

    code = "bad_request"


class CannotThink(BadRequest):
    """Thinking was asked of a model that cannot."""

    code = "cannot_think"
    default_hint = "Switch thinking off for this chat, or choose a model that can think."


class NotCapable(BadRequest):
    """The model lacks what was asked of it: tools, images, chat or embeddings."""

    code = "not_capable"
    default_hint = "Choose a model with that capability."


class ContextExceeded(BadRequest):
    """The prompt is longer than the context window."""

    code = "context_exceeded"
    default_hint = "Shorten the prompt, or raise the context length."

    def __init__(
        self, message: str, hint: str = "", *, prompt_tokens: int | None = None, window: int | None = None
    ) -> None:
        super().__init__(message, hint)
        self.prompt_tokens = prompt_tokens
        self.window = window


class OutOfMemory(ServerError):
    """The server ran out of memory while loading or running a model."""

    code = "out_of_memory"
    default_hint = "Unload another model, lower the context length, or choose a smaller model."


class LoadFailed(ServerError):
    """The server could not load a model."""

    code = "load_failed"


class RunnerCrashed(ServerError):
    """The process that runs the model died."""

    code = "runner_crashed"
    default_hint = "Ask again: the server loads the model anew. If it recurs, look at the server's log."


class StreamCut(ServerError):
    """A stream ended without its final object."""

    code = "stream_cut"
    default_hint = "Try again; what had arrived is kept."


class NeedsSignIn(ServerError):
    """A cloud model wants an account."""

    code = "needs_sign_in"
    default_hint = "Sign in on the server with `ollama signin`, or choose a local model."


class ConnectionLost(LeitstandError):
    """The engine in the other process is gone."""

    code = "connection_lost"
    default_hint = "What was accepted is kept; it goes on when Leitstand runs again."


class WrongVersion(LeitstandError):
    """The Leitstand in the other process is another version."""

    code = "wrong_version"
    default_hint = "End the one that runs and start it anew, or use the same version here."


class Timeout(LeitstandError):
    """It took longer than we were ready to wait."""

    code = "timeout"


def _tree(root: type[LeitstandError]) -> dict[str, type[LeitstandError]]:
    found = {root.code: root}
    for child in root.__subclasses__():
        found.update(_tree(child))
    return found


BY_CODE = _tree(LeitstandError)
"""Every class by its code: how an error comes out of a socket as the same class."""


def from_code(code: str, message: str, hint: str = "") -> LeitstandError:
    """Rebuild an error that travelled as text."""
    return BY_CODE.get(code, LeitstandError)(message, hint)
