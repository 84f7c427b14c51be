"""Pens: the ways a cell is drawn, by number, and the shortest way from one to another."""

from __future__ import annotations

from typing import NamedTuple

MOST_PENS = 20_000
"""Beyond this many the numbers start anew: a fading animation makes thousands of colours."""

# What takes an attribute away again. Bold and dim share theirs, and so do the underlines.
_OFF = {
    "1": "22", "2": "22", "3": "23", "4": "24", "21": "24", "5": "25", "6": "25", "7": "27", "8": "28",
    "9": "29", "51": "54", "52": "54", "53": "55",
}  # fmt: skip


class Pen(NamedTuple):
    """Attributes, colours and the link a cell is drawn with, as codes of SGR."""

    attributes: frozenset[str] = frozenset()
    foreground: str = ""
    background: str = ""
    link: str = ""


def parse(codes: str, link: str = "") -> Pen:
    """Read the codes that a style is rendered to."""
    attributes: set[str] = set()
    foreground = background = ""
    parts = iter(codes.split(";") if codes else ())
    for code in parts:
        if code in _OFF:
            attributes.add(code)
            continue
        if code in {"38", "48"}:
            kind = next(parts, "")
            code = ";".join([code, kind, *[next(parts, "0") for _ in range(3 if kind == "2" else 1)]])
        if code[0] == "3" or code[0] == "9":
            foreground = "" if code == "39" else code
        else:
            background = "" if code == "49" else code
    return Pen(frozenset(attributes), foreground, background, link)


class Pens:
    """Numbers for pens; 0 is the terminal's own."""

    def __init__(self) -> None:
        self._pens: list[Pen] = [Pen()]
        self._by_pen: dict[Pen, int] = {Pen(): 0}
        self._by_codes: dict[str, int] = {"": 0}
        self._changes: dict[tuple[int, int], str] = {}

    def __len__(self) -> int:
        return len(self._pens)

    @property
    def exhausted(self) -> bool:
        """Tell whether it is time to start anew."""
        return len(self._pens) > MOST_PENS

    def linked(self, pen: int) -> bool:
        """Tell whether a pen draws a link."""
        return bool(self._pens[pen].link)

    def erases(self, pen: int) -> bool:
        """Tell whether an erased cell looks as a blank drawn with this pen: all but the colour is lost."""
        found = self._pens[pen]
        return not (found.attributes or found.link)

    def number(self, codes: str, link: str = "") -> int:
        """The number of a pen given as the codes of SGR."""
        if not link:
            known = self._by_codes.get(codes)
            if known is not None:
                return known
        pen = parse(codes, link)
        found = self._by_pen.setdefault(pen, len(self._pens))
        if found == len(self._pens):
            self._pens.append(pen)
        if not link:
            self._by_codes[codes] = found
        return found

    def change(self, old: int, new: int) -> str:
        """The shortest sequence that turns one pen into another."""
        if old == new:
            return ""
        key = (old, new)
        known = self._changes.get(key)
        if known is None:
            if len(self._changes) > MOST_PENS:
                self._changes.clear()
            known = self._changes[key] = _change(self._pens[old], self._pens[new])
        return known


def _change(old: Pen, new: Pen) -> str:
    link = "" if old.link == new.link else f"\x1b]8;{new.link or ';'}\x1b\\"
    gone = {_OFF[code] for code in old.attributes - new.attributes}
    # Taking bold away takes dim too: what stays must be said again.
    kept = new.attributes & old.attributes
    added = (new.attributes - old.attributes) | {code for code in kept if _OFF[code] in gone}
    codes = [*sorted(gone), *sorted(added)]
    if new.foreground != old.foreground:
        codes.append(new.foreground or "39")
    if new.background != old.background:
        codes.append(new.background or "49")
    afresh = [*sorted(new.attributes), *filter(None, (new.foreground, new.background))]
    step, reset = ";".join(codes), ";".join(["0", *afresh] if afresh else [])
    if not codes:
        return link
    return f"{link}\x1b[{step if len(step) <= len(reset) and step else reset}m"
