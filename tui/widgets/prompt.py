"""The composer: several lines, Enter sends, nothing pasted ever sends, nothing typed is ever lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textual import events
from textual.binding import Binding
from textual.message import Message
from textual.widgets import TextArea

NEWLINE = frozenset({"ctrl+j", "shift+enter", "ctrl+enter", "alt+enter", "shift+\n", "ctrl+\n", "newline"})
"""Every name under which terminals report "a new line, please"; only ctrl+j arrives everywhere."""


def _edits() -> Iterator[tuple[str, str]]:
    for binding in TextArea.BINDINGS:
        assert isinstance(binding, Binding)
        if binding.action.startswith(("cursor_", "delete_", "undo", "redo")):
            yield from ((key, binding.action) for key in binding.key.split(","))


EDITS = dict(_edits())
"""Keys that edit, and what each does.

Left to Textual they are looked up on the way to the app and back, and letters that were typed after them
overtake them: over a slow line a backspace would take away what came later.
"""


class Prompt(TextArea):
    """Where a question is written."""

    DEFAULT_CSS = """
    Prompt {
        height: auto;
        max-height: 10;
        border: none;
        padding: 0 1;
        background: $background;
        color: $ink-text;
        scrollbar-size-vertical: 1;
    }
    Prompt:focus { border: none; }
    Prompt .text-area--cursor-line { background: $background; }
    Prompt .text-area--placeholder { color: $ink-dim; }
    """

    class Submitted(Message):
        """Enter: this is to be sent, and is the composer's no more; whoever cannot send it gives it back."""

        def __init__(self, prompt: Prompt, text: str) -> None:
            super().__init__()
            self.prompt = prompt
            self.text = text

    class Typed(Message):
        """The text changed by the person's hand, or by history."""

        def __init__(self, prompt: Prompt, text: str) -> None:
            super().__init__()
            self.prompt = prompt
            self.text = text

    class Asked(Message):
        """A question mark in an empty composer asks for help."""

    class Completing(Message):
        """Tab, up, down, Enter or escape while something is offered."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(self, *, placeholder: str = "", id: str | None = None) -> None:
        super().__init__(
            placeholder=placeholder,
            id=id,
            soft_wrap=True,
            show_line_numbers=False,
            tab_behavior="focus",
            highlight_cursor_line=False,
        )
        # A blinking cursor paints twice a second for as long as nobody types.
        self.cursor_blink = False
        self._offered_for: str | None = None
        self._history: list[str] = []
        self._back = 0
        self._unsent = ""

    # Text -----------------------------------------------------------------------------------------

    def put(self, text: str) -> None:
        """Show a text, the cursor behind it."""
        if text != self.text:
            self.load_text(text)
        self.move_cursor(self.document.end)

    def remember(self, history: Sequence[str]) -> None:
        """Offer these earlier questions, oldest first, to the up key."""
        self._history = list(history)
        self._back = 0

    def empty(self) -> None:
        """Start anew."""
        self._back = 0
        self.load_text("")

    def take(self) -> str:
        """Take the text out: what is typed from now on is another one."""
        text = self.text
        self.empty()
        return text

    def give_back(self, text: str) -> None:
        """Put a text back that could not be sent, before what was typed since."""
        since = self.text
        self.put(f"{text}\n{since}" if text and since else text or since)

    def submit(self) -> None:
        """Hand over what is written."""
        self.post_message(self.Submitted(self, self.take()))

    @property
    def offering(self) -> bool:
        """Whether what is written now can be completed."""
        return self._offered_for == self.text

    @offering.setter
    def offering(self, offered: bool) -> None:
        self._offered_for = self.text if offered else None

    def word(self) -> str:
        """The word the cursor stands behind: what a completion would replace."""
        row, column = self.cursor_location
        line = self.document.get_line(row)[:column]
        return line.rsplit(" ", 1)[-1] if not line.startswith("/") else line

    def replace_word(self, text: str) -> None:
        """Put *text* in the place of the word before the cursor."""
        row, column = self.cursor_location
        self.replace(text, (row, column - len(self.word())), (row, column))

    # Keys -----------------------------------------------------------------------------------------

    async def _on_key(self, event: events.Key) -> None:
        # A key that comes before anybody saw the last letter still means the completion.
        completes = event.key == "tab" and self.word()[:1] in {"/", "@"}
        if completes or (self.offering and event.key in {"tab", "up", "down", "escape", "enter"}):
            self._take(event)
            self.post_message(self.Completing(event.key))
        elif event.key in NEWLINE:
            self._take(event)
            self.insert("\n")
        elif event.key == "enter":
            self._take(event)
            self.submit()
        elif event.character == "?" and not self.text:
            self._take(event)
            self.post_message(self.Asked())
        elif event.key == "up" and self._at_top() and (not self.text or self._back):
            self._take(event)
            self._recall(1)
        elif event.key == "down" and self._back and self._at_bottom():
            self._take(event)
            self._recall(-1)
        elif (edit := EDITS.get(event.key)) is not None:
            self._take(event)
            await self.run_action(edit)
        elif event.key.startswith("alt+"):
            # Terminals send its letter along, which is no text: the key goes on to whom it is meant for.
            event.prevent_default()
        else:
            await super()._on_key(event)

    def _take(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()

    def _at_top(self) -> bool:
        return self.cursor_location[0] == 0

    def _at_bottom(self) -> bool:
        return self.cursor_location[0] == self.document.line_count - 1

    def _recall(self, step: int) -> None:
        """Go back or forward in what was asked; what was not sent yet waits at the end."""
        wanted = self._back + step
        if not 0 <= wanted <= len(self._history):
            return
        if self._back == 0:
            self._unsent = self.text
        self._back = wanted
        self.put(self._history[-wanted] if wanted else self._unsent)

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Tell what is written now."""
        event.stop()
        self.post_message(self.Typed(self, self.text))
