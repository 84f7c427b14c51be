"""What the catalogue page knows: models, whether they fit, what is being loaded or fetched. Pure.

Told by a snapshot and then by facts; `rows` is what is listed, favourites on top of every order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

from core.downloads.types import Download
from core.jobs.types import Job
from core.models.types import Fit, Model, ModelsChanged, Verdict
from core.ollama.names import same

Which = Literal["all", "here", "memory", "elsewhere"]
"""Which models are listed: all, those on the server, in its memory, or not here yet."""

Order = Literal["recommended", "name", "size", "speed", "last used"]

WHICH: tuple[Which, ...] = ("all", "here", "memory", "elsewhere")
ORDERS: tuple[Order, ...] = ("recommended", "name", "size", "speed", "last used")

ABILITIES: tuple[str, ...] = ("", "tools", "thinking", "vision", "embedding", "insert")
"""What one may look for; nothing is anything."""

_RANKS: dict[Verdict, int] = {"fits": 0, "tight": 1, "unknown": 2, "spills": 3, "too big": 4}
_FITTING: tuple[Verdict, ...] = ("fits", "tight")


def speed_of(model: Model) -> float | None:
    """How fast a model is: as benchmarked, else as its last answer was."""
    return model.benchmark.latest if model.benchmark else model.last_speed


class ModelBoard:
    """Keeps what is known and lays it out."""

    def __init__(self) -> None:
        self.models: dict[str, Model] = {}
        self.fits: dict[str, Fit] = {}
        self.loads: dict[str, Job] = {}
        """Loads and benchmarks that wait or run, by the model's name."""
        self.pulls: dict[int, Download] = {}
        """Downloads that have not ended."""
        self.text = ""
        self.which: Which = "all"
        self.ability = ""
        """What a model must be able to do."""
        self.only_fitting = False
        self.order: Order = "recommended"
        self._words: dict[str, tuple[Model, str]] = {}

    # What is known ------------------------------------------------------------------------------

    def take(
        self, models: Iterable[Model], loads: Iterable[Job] = (), pulls: Iterable[Download] = ()
    ) -> None:
        """Begin anew with a snapshot."""
        self.models = {model.name: model for model in models}
        self.loads = {job.model: job for job in loads if job.unfinished}
        self.pulls = {pull.id: pull for pull in pulls if pull.unfinished}

    def take_fits(self, fits: Iterable[Fit]) -> bool:
        """Know what fits; say whether that differs from before."""
        fresh = {fit.name: fit for fit in fits}
        changed, self.fits = fresh != self.fits, fresh
        return changed

    def changed(self, event: ModelsChanged) -> None:
        """Take over what became of some models."""
        for name in event.gone:
            self.models.pop(name, None)
        for model in event.changed:
            self.models[model.name] = model

    def load_changed(self, job: Job) -> None:
        """Take over how far a load or a benchmark is."""
        known = self.loads.get(job.model)
        if job.unfinished and (known is None or known.state != "running" or job.state == "running"):
            self.loads[job.model] = job
        elif not job.unfinished and known is not None and known.id == job.id:
            del self.loads[job.model]

    def pull_changed(self, pull: Download) -> None:
        """Take over how far a download is."""
        if pull.unfinished:
            self.pulls[pull.id] = pull
        else:
            self.pulls.pop(pull.id, None)

    def pull_of(self, model: Model) -> Download | None:
        """The download of a model that has not ended."""
        return next((pull for pull in self.pulls.values() if same(pull.name, model.name)), None)

    @property
    def counts_down(self) -> bool:
        """Whether something that is shown changes by itself as time passes."""
        return bool(self.loads) or any(
            model.memory is not None or model.leaves_at is not None for model in self.models.values()
        )

    @property
    def restricted(self) -> bool:
        """Whether not everything is listed."""
        return bool(self.text or self.ability) or self.which != "all" or self.only_fitting

    def unrestrict(self) -> None:
        """List everything again."""
        self.text, self.which, self.ability, self.only_fitting = "", "all", "", False

    # What is listed -----------------------------------------------------------------------------

    def rows(self) -> list[Model]:
        """Return what is listed, in its order."""
        wanted = self.text.casefold().split()
        found = [model for model in self.models.values() if self._shown(model, wanted)]
        return sorted(found, key=self._key())

    def _shown(self, model: Model, wanted: list[str]) -> bool:
        if self.which == "here" and not model.installed:
            return False
        if self.which == "memory" and model.memory is None and model.name not in self.loads:
            return False
        if self.which == "elsewhere" and model.installed:
            return False
        if self.ability and not model.can(self.ability):
            return False
        if self.only_fitting and self._verdict(model) not in _FITTING:
            return False
        return not wanted or all(word in self._text_of(model) for word in wanted)

    def _verdict(self, model: Model) -> Verdict:
        fit = self.fits.get(model.name)
        return fit.verdict if fit else "unknown"

    def _text_of(self, model: Model) -> str:
        known = self._words.get(model.name)
        if known is not None and known[0] is model:
            return known[1]
        words = (
            model.name, model.family, model.maker, model.description, model.parameters, model.quantization,
            model.licence, model.tier or "", *model.uses, *(model.capabilities or ()),
        )  # fmt: skip
        text = " ".join(words).casefold()
        self._words[model.name] = (model, text)
        return text

    def _key(self) -> Callable[[Model], tuple[Any, ...]]:
        match self.order:
            case "name":
                return lambda model: (not model.favourite, model.name.casefold())
            case "size":
                return lambda model: (not model.favourite, -(model.size or 0), model.name)
            case "speed":
                return lambda model: (not model.favourite, -(speed_of(model) or 0.0), model.name)
            case "last used":
                return lambda model: (not model.favourite, -(model.last_used or 0.0), model.name)
        return self._recommended

    def _recommended(self, model: Model) -> tuple[Any, ...]:
        """What is at hand first, then what runs well here, then what is new."""
        return (
            not model.favourite,
            not model.default,
            model.memory is None,
            not model.installed,
            -(model.last_used or 0.0),
            _RANKS[self._verdict(model)],
            [-ord(sign) for sign in model.released],
            model.name.casefold(),
        )
