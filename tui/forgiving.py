"""What goes wrong while somebody presses a key is said on the screen and ends nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.message import Message
from textual.message_pump import MessagePump

from core.errors import LeitstandError

if TYPE_CHECKING:
    from tui.app import LeitstandApp


class Forgiving(MessagePump):
    """A page, a dialog or the app: a verb may fail in any of its handlers, if only because the line was cut.

    Only errors that are sentences for people are taken; a fault of the program still ends it.
    """

    async def _dispatch_message(self, message: Message) -> None:
        try:
            await super()._dispatch_message(message)
        except LeitstandError as error:
            cast("LeitstandApp", self.app).say_error(error)
