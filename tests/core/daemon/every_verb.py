"""A day with Leitstand in which every verb of every service is called with real values.

Two houses alike spend it, one called directly, the other over the wire. A new verb is a line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from core.batches import BatchAsk
from core.chat.types import Persona
from core.router.types import RouteQuestion


class Of(NamedTuple):
    """Something an earlier step answered: `Of("sent.answer.id")`."""

    path: str

    def within(self, kept: Mapping[str, Any]) -> Any:
        """Find it among what was kept."""
        name, *rest = self.path.split(".")
        found = kept[name]
        for part in rest:
            found = found[int(part)] if part.isdigit() else getattr(found, part)
        return found


class Step(NamedTuple):
    """One call."""

    verb: str
    arguments: dict[str, Any]
    kept_as: str = ""
    """Under which name later steps find the answer."""
    alike: bool = False
    """The answer is of the moment, like sizes and loads: only what kind of value it is can be compared."""


def call(verb: str, *, kept_as: str = "", alike: bool = False, **arguments: Any) -> Step:
    return Step(verb, arguments, kept_as, alike)


OLD = b"""[{"id": "a", "title": "Old", "chat": {"title": "Old", "history": {"currentId": "1", "messages": {
"1": {"id": "1", "parentId": null, "childrenIds": [], "role": "user", "content": "Hi",
"timestamp": 1700000000}}}}}]
"""
"""An export of Open WebUI."""

CHAT, ANSWER = Of("chat.id"), Of("sent.answer.id")

DAY = (
    # Settings, server, machine.
    call("config.all"),
    call("config.path"),
    call("config.set", key="ui.theme", value="leitstand-light"),
    call("config.get", key="ui.theme"),
    call("config.check"),
    call("config.unset", key="ui.theme"),
    call("server.state"),
    call("server.retry"),
    call("hosts.list"),
    call("hosts.retry"),
    call("health.checks", alike=True),
    call("telemetry.static"),
    call("telemetry.watch", panel="gauges", kept_as="watch", alike=True),
    call("telemetry.renew", id=Of("watch.id")),
    call("telemetry.latest", alike=True),
    call("telemetry.history", seconds=60.0, resolution=1.0, alike=True),
    call("telemetry.alerts"),
    call("telemetry.release", id=Of("watch.id")),
    # Models.
    call("models.sync"),
    call("models.list", scope="all"),
    call("models.get", name="qwen3:8b"),
    call("models.show", name="qwen3:8b"),
    call("models.fit", name="qwen3:8b", context=8192),
    call("models.fit_by_context", name="qwen3:8b"),
    call("models.fits", scope="here"),
    call("models.set_favourite", name="qwen3:8b", favourite=True),
    call("models.set_tier", name="qwen3:8b", tier="heavy"),
    call("models.set_default", name="qwen3:8b"),
    call("models.load", name="llama3.2:3b", context=4096, keep_alive="5m"),
    call("models.loaded"),
    call("models.unload", name="llama3.2:3b"),
    call("models.unload_all"),
    call("models.copy", source="llama3.2:3b", destination="mine", replace=True),
    call("models.delete", name="mine"),
    call("models.keep", name="mine"),
    call("models.recipe", path="{home}/Modelfile"),
    call("models.create", name="made", modelfile="FROM llama3.2:3b\nSYSTEM Be short.\n"),
    call("models.check_updates", of=("qwen3:8b",)),
    call("models.seen_at"),
    # Conversations.
    call("chat.create", title="From afar", model="qwen3:8b", kept_as="chat"),
    call("chat.rename", chat_id=CHAT, title="Renamed"),
    call("chat.pin", chat_id=CHAT, pinned=True),
    call("chat.archive", chat_id=CHAT, archived=False),
    call("chat.set_options", chat_id=CHAT, system="Be short.", think="off", options={"temperature": 0.5}),
    call("chat.set_context", model="qwen3:8b", tokens=8192),
    call("chat.set_draft", chat_id=CHAT, text="half a thought"),
    call("chat.draft", chat_id=CHAT),
    call("chat.read_file", path="{home}/note.txt", kept_as="file"),
    call("chat.budget", chat_id=CHAT, text="Why?", attachments=(Of("file"),)),
    call("chat.send", chat_id=CHAT, text="Why is the sky blue?", attachments=(Of("file"),), kept_as="sent"),
    call("chat.turn", turn_id=ANSWER),
    call("chat.open", chat_id=CHAT, limit=50),
    call("chat.get", chat_id=CHAT),
    call("chat.list", limit=50),
    call("chat.search", text="sky"),
    call("chat.read", chat_id=CHAT),
    call("chat.speeds"),
    call("chat.passages", turn_id=ANSWER),
    call("chat.inspection", turn_id=ANSWER),
    call("chat.regenerate", turn_id=ANSWER, kept_as="again"),
    call("chat.variants", turn_id=ANSWER),
    call("chat.select_sibling", turn_id=ANSWER),
    call("chat.step_sibling", turn_id=ANSWER, step=1),
    call("chat.edit_and_resend", turn_id=Of("sent.question.id"), text="Why is the sea blue?"),
    call("chat.answer_also", turn_id=ANSWER, models=("llama3.2:3b",)),
    call("chat.ask_several", chat_id=None, text="Which one?", models=("qwen3:8b", "llama3.2:3b")),
    call("jobs.pause", lane="inference"),
    call("chat.send", chat_id=CHAT, text="And then?", kept_as="held"),
    call("chat.stop", turn_id=Of("held.answer.id")),
    call("chat.retry", turn_id=Of("held.answer.id")),
    call("chat.stop", turn_id=Of("held.answer.id")),
    call("jobs.resume", lane="inference"),
    call("chat.continue_answer", turn_id=Of("held.answer.id")),
    call("chat.new_chat_with_summary", chat_id=CHAT),
    call("chat.export", chat_id=CHAT, form="json", kept_as="export"),
    call("chat.import_", data=OLD),
    call("chat.clean_up", older_than_days=30, dry_run=True),
    call("chat.own_file", kind="personas"),
    call("chat.write_own_file", kind="prompts", text=""),
    call("chat.save_persona", persona=Persona(name="Cook", system="Be\nkind.", options={"seed": 7})),
    call("chat.personas"),
    call("chat.delete_persona", name="cook"),
    call("chat.prompts"),
    call("chat.delete", chat_id=CHAT),
    call("chat.undo_delete", chat_id=CHAT),
    # The router.
    call("router.rules"),
    call("router.explain", text="Write a function that adds"),
    call("router.choose", question=RouteQuestion(text="Write a function"), kept_as="route"),
    call("router.get", number=Of("route.id")),
    call("router.recent", limit=10),
    call("router.fall_back", number=Of("route.id"), why="failed", question=RouteQuestion(text="Write it")),
    call("router.override", number=Of("route.id"), model="llama3.2:3b"),
    call("router.record_outcome", number=Of("route.id"), outcome="answered"),
    call("router.counts", days=7.0),
    call("chat.send", chat_id=None, text="Hello", model="auto", kept_as="routed"),
    call("router.of_turn", turn_id=Of("routed.answer.id")),
    call("chat.reroute", turn_id=Of("routed.answer.id"), tier="heavy"),
    # Downloads and the queue.
    call("downloads.plan", name="llama3.2:1b"),
    call("jobs.pause", lane="network"),
    call("downloads.pull", name="llama3.2:1b", verify=False, kept_as="pulled"),
    call("downloads.pull", name="qwen3:0.6b", verify=False, kept_as="other"),
    call("downloads.move", id=Of("other.id"), position=1),
    call("downloads.get", id=Of("pulled.id")),
    call("downloads.pause", id=Of("pulled.id")),
    call("downloads.resume", id=Of("pulled.id")),
    call("downloads.pause_all"),
    call("downloads.resume_all"),
    call("downloads.cancel", id=Of("pulled.id")),
    call("downloads.retry", id=Of("pulled.id")),
    call("jobs.hold", id=Of("other.id")),
    call("jobs.release", id=Of("other.id")),
    call("jobs.move", id=Of("pulled.id"), position=1),
    call("jobs.cancel", id=Of("other.id")),
    call("jobs.retry", id=Of("other.id")),
    call("jobs.plan"),
    call("jobs.set_width", lane="network", width=1),
    call("jobs.resume", lane="network"),
    call("jobs.get", id=Of("pulled.id"), alike=True),
    call("downloads.list", alike=True),
    call("batches.submit", batch="questions", asks=(BatchAsk(model="qwen3:8b", prompt="Why?"),)),
    call("benchmarks.run", name="llama3.2:3b", repeats=1, context=2048),
    call("benchmarks.list", name="llama3.2:3b", alike=True),
    call("benchmarks.latest", alike=True),
    # The library.
    call("library.create_space", name="papers", description="All of them", kept_as="space"),
    call("library.change_space", id=Of("space.id"), colour="green"),
    call("library.ingest", space=Of("space.id"), paths=("{home}/documents",), watch=False),
    call("library.ingest_text", space=Of("space.id"), name="bike", text="The bicycle is yellow."),
    call("library.ingests", space=Of("space.id"), alike=True),
    call("library.documents", space=Of("space.id"), kept_as="page", alike=True),
    call("library.document", id=Of("page.documents.0.id"), alike=True),
    call("library.documents", space=Of("space.id"), text="bike", kept_as="pasted", alike=True),
    call("library.kept_text", id=Of("pasted.documents.0.id"), alike=True),
    call("library.search", question="What colour is the bicycle?", spaces=(Of("space.id"),), alike=True),
    call("library.find_space", name="papers", alike=True),
    call("library.space", id=Of("space.id"), alike=True),
    call("library.spaces", alike=True),
    call("library.health", space=Of("space.id"), alike=True),
    call("library.choose", chat_id=CHAT, mode="chosen", spaces=(Of("space.id"),), alike=True),
    call("library.choice", chat_id=CHAT, alike=True),
    call("library.session_space", chat_id=CHAT),
    call("library.optimize", space=Of("space.id"), purge=True),
    call("library.reindex", space=Of("space.id")),
    call("library.unwatch", space=Of("space.id"), path="{home}/documents", alike=True),
    call("library.remove_documents", ids=(Of("page.documents.0.id"),), purge=True),
    call("library.delete_space", id=Of("space.id"), alike=True),
    call("library.undo_delete_space", id=Of("space.id"), alike=True),
    # The end of the day.
    call("jobs.lanes"),
    call("jobs.list", alike=True),
    call("jobs.clear"),
    call("backups.begin", directory="{home}/begun"),
    call("backups.make", directory="{home}/kept", keep=2, alike=True),
)

NIGHT = (call("server.start_demo"),)
"""What comes last: the server is another one afterwards."""
