"""The verbs of conversations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from core.bus import Bus
from core.chat.types import (
    Budget,
    Chat,
    ChatPage,
    CleanUp,
    Draft,
    Export,
    Imported,
    ModelSpeed,
    NewAttachment,
    OpenChat,
    Persona,
    SearchHit,
    Sent,
    ThinkSetting,
    Turn,
)
from core.clock import Clock
from core.config.schema import Chat as Settings
from core.errors import LeitstandError
from core.exposed import exposed
from core.jobs.service import JobService
from core.ollama.client import Ollama
from core.store.database import Database
from core.tasks import Tasks


class ChatService:
    """Owns conversations: asks, streams, keeps and finds them."""

    def __init__(
        self,
        store: Database,
        bus: Bus,
        tasks: Tasks,
        clock: Clock,
        jobs: JobService,
        *,
        client: Callable[[], Ollama],
        report: Callable[[LeitstandError], None],
        settings: Callable[[], Settings] = Settings,
        personas: Path | None = None,
    ) -> None:
        raise NotImplementedError

    async def start(self) -> None:
        """Mark what an earlier process left unfinished; before the queue starts."""
        raise NotImplementedError

    async def close(self) -> None:
        """Stop following the queue; running answers are the queue's to end."""
        raise NotImplementedError

    @exposed
    async def list(
        self, *, limit: int = 200, after: int | None = None, archived: bool = False, deleted: bool = False
    ) -> ChatPage:
        """Return chats, the pinned first, then the most recent; *after* a chat for the next page."""
        raise NotImplementedError

    @exposed
    async def get(self, chat_id: int) -> Chat:
        """Return a chat."""
        raise NotImplementedError

    @exposed
    async def turn(self, turn_id: int) -> Turn:
        """Return a turn as it is at this moment."""
        raise NotImplementedError

    @exposed
    async def open(self, chat_id: int, *, limit: int = 60, before: int | None = None) -> OpenChat:
        """Return a chat with the last turns of its branch; *before* a turn for earlier ones."""
        raise NotImplementedError

    @exposed
    async def create(
        self,
        *,
        title: str = "",
        model: str = "",
        persona: str = "",
        system: str = "",
        think: ThinkSetting = "auto",
    ) -> Chat:
        """Begin a chat; a persona brings its system prompt and model where none is given."""
        raise NotImplementedError

    @exposed
    async def send(
        self,
        chat_id: int | None,
        text: str,
        *,
        attachments: tuple[NewAttachment, ...] = (),
        model: str = "",
        anyway: bool = False,
    ) -> Sent:
        """Ask, in a new chat when None is given; ContextExceeded when it is too long, unless *anyway*.

        While an answer still runs the question waits for it. A *model* is for this answer only.
        """
        raise NotImplementedError

    @exposed
    async def stop(self, turn_id: int) -> Turn:
        """End an answer; what was said is kept."""
        raise NotImplementedError

    @exposed
    async def regenerate(self, turn_id: int, *, model: str = "") -> Sent:
        """Answer the same question anew; the earlier answer stays beside the new one."""
        raise NotImplementedError

    @exposed
    async def edit_and_resend(
        self, turn_id: int, text: str, *, attachments: tuple[NewAttachment, ...] | None = None
    ) -> Sent:
        """Ask a question in other words; the earlier one stays beside it. None keeps its attachments."""
        raise NotImplementedError

    @exposed
    async def continue_answer(self, turn_id: int) -> Turn:
        """Go on with an answer that was stopped, interrupted, failed or too long."""
        raise NotImplementedError

    @exposed
    async def retry(self, turn_id: int) -> Turn:
        """Try a failed answer again: in place when nothing was said, beside it otherwise."""
        raise NotImplementedError

    @exposed
    async def select_sibling(self, turn_id: int) -> OpenChat:
        """Turn to another variant of a question or an answer, and to what followed it."""
        raise NotImplementedError

    @exposed
    async def rename(self, chat_id: int, title: str) -> Chat:
        """Give a chat a title; an empty one brings the automatic title back."""
        raise NotImplementedError

    @exposed
    async def pin(self, chat_id: int, *, pinned: bool = True) -> Chat:
        """Keep a chat on top of the list, or not."""
        raise NotImplementedError

    @exposed
    async def archive(self, chat_id: int, *, archived: bool = True) -> Chat:
        """Take a chat out of the list without deleting it, or put it back."""
        raise NotImplementedError

    @exposed
    async def set_options(
        self,
        chat_id: int,
        *,
        model: str | None = None,
        persona: str | None = None,
        system: str | None = None,
        think: ThinkSetting | None = None,
        options: dict[str, Any] | None = None,
        keep_alive: float | str | None = None,
    ) -> Chat:
        """Change settings of a chat; None leaves one as it is, an empty text brings the default back."""
        raise NotImplementedError

    @exposed
    async def set_context(self, model: str, tokens: int) -> None:
        """Use another context length for a model from now on; it is loaded anew once. 0: decide again."""
        raise NotImplementedError

    @exposed
    async def delete(self, chat_id: int) -> Chat:
        """Delete a chat; it can be taken back for some days."""
        raise NotImplementedError

    @exposed
    async def undo_delete(self, chat_id: int) -> Chat:
        """Take a deletion back."""
        raise NotImplementedError

    @exposed
    async def clean_up(self, older_than_days: int, *, dry_run: bool = False) -> CleanUp:
        """Delete chats nobody used for so long, except pinned ones; it can be taken back."""
        raise NotImplementedError

    @exposed
    async def search(self, text: str, *, limit: int = 50) -> tuple[SearchHit, ...]:
        """Find words in titles, questions, answers and thinking, the best first; the last may be begun."""
        raise NotImplementedError

    @exposed
    async def export(self, chat_id: int, form: Literal["json", "markdown"] = "markdown") -> Export:
        """Return a chat as a file: Markdown of its branch, or JSON with every variant."""
        raise NotImplementedError

    @exposed
    async def import_(
        self, data: bytes, form: Literal["auto", "leitstand", "chatgpt", "openwebui"] = "auto"
    ) -> Imported:
        """Take over conversations exported by Leitstand, ChatGPT or Open WebUI."""
        raise NotImplementedError

    @exposed
    async def draft(self, chat_id: int | None = None) -> Draft:
        """Return what was typed and not sent."""
        raise NotImplementedError

    @exposed
    async def set_draft(self, chat_id: int | None, text: str) -> None:
        """Keep what is typed; an empty text forgets it."""
        raise NotImplementedError

    @exposed
    async def budget(
        self,
        chat_id: int | None,
        text: str,
        *,
        attachments: tuple[NewAttachment, ...] = (),
        model: str = "",
    ) -> Budget:
        """Say what would be sent if this were asked now, and whether it fits."""
        raise NotImplementedError

    @exposed
    async def read(self, chat_id: int) -> None:
        """Somebody has seen the chat: its mark goes."""
        raise NotImplementedError

    @exposed
    async def read_file(self, path: str) -> NewAttachment:
        """Read an image or a text file to send with a question."""
        raise NotImplementedError

    @exposed
    async def personas(self) -> tuple[Persona, ...]:
        """Return everybody there is to talk to."""
        raise NotImplementedError

    @exposed
    async def speeds(self) -> tuple[ModelSpeed, ...]:
        """Return what was measured of each model, the most used first."""
        raise NotImplementedError

    @exposed
    async def new_chat_with_summary(self, chat_id: int) -> Sent:
        """Begin a chat that goes on from a summary of this one."""
        raise NotImplementedError
