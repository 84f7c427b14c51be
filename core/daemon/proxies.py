"""Objects with the verbs of a service, each of them a message: made from the signatures, written nowhere."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol

from core import face
from core.exposed import Verb, verbs


class Caller(Protocol):
    """Who carries calls."""

    async def call(self, name: str, verb: Verb, arguments: dict[str, Any]) -> Any:
        """Call a verb and wait for what it returns."""
        ...

    def stream(self, name: str, verb: Verb, arguments: dict[str, Any]) -> AsyncIterator[Any]:
        """Call a verb that streams."""
        ...


def proxy(name: str, caller: Caller, mirrored: Callable[[str, str], Any]) -> Any:
    """An object that looks like a service; its class is imported when the first verb is asked for."""
    return Proxy(name, caller, mirrored)


class Proxy:
    """The far end's service, as far as faces may use it."""

    def __init__(self, name: str, caller: Caller, mirrored: Callable[[str, str], Any]) -> None:
        self._name = name
        self._caller = caller
        self._mirrored = mirrored

    def __getattr__(self, attribute: str) -> Any:
        if attribute in face.MIRRORED.get(self._name, ()):
            return self._mirrored(self._name, attribute)
        if attribute.startswith("_"):
            raise AttributeError(attribute)
        service = face.service(self._name)
        verb = verbs(service).get(attribute)
        if verb is None:
            raise AttributeError(f"{self._name} has no verb {attribute}; faces use nothing else")
        bound = _bound(self._caller, self._name, verb, inspect.signature(getattr(service, attribute)))
        # Found without coming here the next time.
        self.__dict__[attribute] = bound
        return bound


def _bound(
    caller: Caller, name: str, verb: Verb, signature: inspect.Signature
) -> Callable[..., Awaitable[Any] | AsyncIterator[Any]]:
    def arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        given = signature.bind(None, *args, **kwargs).arguments
        return dict(list(given.items())[1:])

    if verb.streams:

        def stream(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            return caller.stream(name, verb, arguments(args, kwargs))

        return stream

    async def call(*args: Any, **kwargs: Any) -> Any:
        return await caller.call(name, verb, arguments(args, kwargs))

    return call
