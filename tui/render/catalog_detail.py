"""The story of one model in the few lines below the list."""

from __future__ import annotations

from core.benchmarks.types import KIND as BENCHMARK
from core.guard import one_line
from core.models.fit import slower_words, worded
from core.models.types import Fit, Model
from tui import format as fmt
from tui.glyphs import Glyphs
from tui.render.catalog import Look, about, gib, stays, verdict_sign
from tui.render.chat_list import ago
from tui.render.gauges import bar
from tui.render.model_board import speed_of
from tui.render.pieces import Piece, Pieces

_BAR = 20
_GAP = "   "
_LONGEST_TEXT = 20_000


def below(model: Model, look: Look) -> list[Pieces]:
    """Describe a model in the few lines below the list."""
    lines = [_headline(model), *_trouble(model, look), _fit_line(model, look)]
    lines += [
        line for line in (_memory_line(model, look), _use_line(model, look), _facts_line(model)) if line
    ]
    if look.glyphs.live.isascii():
        return [[(fmt.plain(text), ink) for text, ink in line] for line in lines]
    return lines


def narrow(model: Model, look: Look) -> list[Pieces]:
    """The same for a narrow column: what stands in one line there stands in several here."""
    name, _, words = _headline(model)
    fit = look.board.fits.get(model.name)
    fits = [_fit_line(model, look)] if model.remote or fit is None else fit_lines(fit, look.glyphs)
    lines: list[Pieces] = [[name], [words], [], *_trouble(model, look), *fits]
    lines += [
        line for line in (_memory_line(model, look), _use_line(model, look), _facts_line(model)) if line
    ]
    return lines


def _headline(model: Model) -> Pieces:
    words = one_line(model.description, 400) or "Nothing is written about this model."
    return [(one_line(model.name, 120), "strong"), ("   ", "text"), (words, "dim")]


def _trouble(model: Model, look: Look) -> list[Pieces]:
    if model.leaves_at is not None:
        return [[("It is deleted in a moment.  ", "warn"), ("x", "key"), (" keeps it.", "dim")]]
    if model.fault is None:
        return []
    words = one_line(model.fault.message, 300)
    return [[(f"{look.glyphs.failed} {words}  ", "bad"), (one_line(model.fault.hint, 300), "dim")]]


def _fit_line(model: Model, look: Look) -> Pieces:
    if model.remote:
        return [(f"Runs at {one_line(model.remote, 100)}; it needs no memory here.", "text")]
    fit = look.board.fits.get(model.name)
    return [("Looking at the memory…", "dim")] if fit is None else fit_pieces(fit, look.glyphs)


def fit_pieces(fit: Fit, glyphs: Glyphs) -> Pieces:
    """Say whether a model fits, with the numbers and where they are from."""
    first, *rest = fit_lines(fit, glyphs)
    return [*first, *(piece for line in rest for piece in ((_GAP, "text"), *line))]


def fit_lines(fit: Fit, glyphs: Glyphs) -> list[Pieces]:
    """The same in as many lines as it has parts."""
    if fit.needed is None:
        return [[("Whether it fits is not known: nothing is known of the memory it needs.", "dim")]]
    at = f" at {fmt.context(fit.context).strip()} context" if fit.context else ""
    needs = f"needs {about(fit)}{gib(fit.needed)} GiB{at} ({worded(fit.source)}{_margin(fit)})"
    if fit.verdict == "unknown" or not fit.total:
        return [
            [(needs, "text")],
            [("whether it fits is not known: no GPU's memory can be seen here", "dim")],
        ]
    mark, ink = verdict_sign(fit, glyphs)
    words = {
        "fits": "it is in memory" if fit.loaded else "fits",
        "tight": "just fits, with less than a tenth to spare",
        "spills": f"{100 - (fit.gpu_percent or 0)} % on the CPU, {slower_words(fit)}",
        "too big": "more than the GPU and the host's memory have",
    }[fit.verdict]
    free = f"{gib(fit.free)} of {gib(fit.total)} GiB free"
    ascii_only = glyphs.live.isascii()
    drawn = bar(fit.needed / fit.total, _BAR, ascii_only=ascii_only)
    full = drawn.rstrip(" .")
    drawing: list[Piece] = [
        (f"{mark} ", ink),
        (words, "text"),
        (_GAP, "text"),
        (full, ink if fit.verdict != "fits" else "accent"),
        (("." if ascii_only else "░") * (_BAR - len(full)), "rule"),
    ]
    return [drawing, [(needs, "text")], [(free, "dim")]]


def _margin(fit: Fit) -> str:
    return f" ±{fit.margin * 100:.0f} %" if fit.margin and fit.source != "measured" else ""


def _memory_line(model: Model, look: Look) -> Pieces:
    """Its place in memory, or how long a context would be possible, and what would make room."""
    fit = look.board.fits.get(model.name)
    words: list[str] = []
    if (memory := model.memory) is not None:
        share = "" if memory.gpu_percent is None else f"{memory.gpu_percent} % on the GPU"
        context = f"{fmt.context(memory.context).strip()} context" if memory.context else ""
        left = stays(model, look.now)
        kept = {"": "", "stays": "stays loaded", "leaves": "about to leave"}.get(left, f"unloads in {left}")
        words += [share, context, kept]
    if fit is not None and fit.largest_context:
        words.append(
            f"all of it stays on the GPU up to {fmt.context(fit.largest_context).strip()} context "
            # Another context than the one it was measured with.
            f"({worded('interpolated' if fit.source == 'measured' else fit.source)})"
        )
    if fit is not None and fit.could_unload:
        words.append(f"unloading {one_line(', '.join(fit.could_unload), 120)} makes room")
    return _dotted(words)


def _use_line(model: Model, look: Look) -> Pieces:
    """What is remembered of it: loads, speed, use."""
    job = look.board.loads.get(model.name)
    if job is not None and job.state == "running":
        numbers, text = job.progress.numbers, one_line(job.progress.text, 160)
        if job.kind == BENCHMARK:
            phase = one_line(job.progress.phase, 40) or "measuring"
            return [(phase[0].upper() + phase[1:], "accent"), (f"   {text}" if text else "", "dim")]
        elapsed = fmt.duration(numbers.get("elapsed", 0.0)).strip()
        expected = numbers.get("expected")
        of = f" of about {fmt.duration(expected).strip()}" if expected is not None else ""
        return [(f"Loading for {elapsed}{of}", "accent"), (f"   {text}" if text else "", "dim")]
    speed = speed_of(model)
    words = [
        f"loaded in {fmt.duration(model.load_seconds).strip()} last time"
        if model.load_seconds is not None
        else "",
        f"{fmt.speed(speed).strip()}{' benchmarked' if model.benchmark else ''}" if speed else "",
        f"{fmt.speed(model.average_speed).strip()} on average" if model.average_speed else "",
        f"asked {model.times_used} times" if model.times_used else "",
        f"last used {ago(model.last_used, look.now)}" if model.last_used else "",
    ]
    return _dotted(words)


def _facts_line(model: Model) -> Pieces:
    words = [
        one_line(model.maker, 60),
        one_line(model.family, 40),
        f"{one_line(model.parameters, 20)} parameters" if model.parameters else "",
        f"good for {', '.join(model.uses)}" if model.uses else "",
        f"tier {model.tier}" if model.tier else "",
        f"licence {one_line(model.licence, 80)}" if model.licence else "",
        one_line(model.released, 20),
        "a newer version is out: d fetches it" if model.version == "outdated" else "",
    ]
    return _dotted(words, ink_of_all="dim")


def _dotted(words: list[str], *, ink_of_all: str = "") -> Pieces:
    text = " · ".join(word for word in words if word)
    if not text:
        return []
    return [(text[:1].upper() + text[1:], "dim" if ink_of_all else "text")]
