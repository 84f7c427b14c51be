"""The list of conversations at the left of the chat page."""

from __future__ import annotations

from core.chat.types import Chat
from tui import keymap
from tui.render import chat_list
from tui.widgets.row_list import Painter, RowList


class ChatRows(RowList[chat_list.Row]):
    """The conversations, under words for when they were."""

    BINDINGS = keymap.bindings("chats")

    DEFAULT_CSS = """
    ChatRows { width: 30; height: 1fr; border-right: solid $ink-rule; }
    """

    def __init__(self, painter: Painter[chat_list.Row]) -> None:
        super().__init__(
            painter,
            key=chat_list.row_key,
            row_height=2,
            selectable=lambda row: isinstance(row, Chat),
            id="chats",
        )
