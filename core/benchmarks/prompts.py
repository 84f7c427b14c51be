"""What a model is given to measure it: the same for every model and every time, but for the first words.

A server keeps what it read last and skips what a new prompt begins with in common; it counts those tokens
all the same, so a repeated prompt seems to be read a hundred times too fast. So every prompt begins with
words no prompt began with before.
"""

from __future__ import annotations

from hashlib import blake2b

WORDS = 128
"""Tokens a model is to say each time."""
FEW = 4
"""Tokens it is to say when only its reading is measured."""
FEWEST = 32
"""An answer that ended sooner tells nothing about speed."""
_READ = 800
"""Words of the long prompt: about a thousand tokens."""
_SPARE = 4
"""The long prompt takes at most that part of the context."""

_TALE = (
    "Before sunrise the keeper of the harbour light climbs the stair with a can of oil and a notebook.",
    "The wind stands north by west, the glass is falling, and two boats have not come home.",
    "She writes down the hour, the height of the water and the colour of the sky, as every day.",
    "Far out a bell buoy rings once, then nothing is heard but rain on the copper roof.",
    "In the village below somebody lights a stove; the smoke lies flat over the boathouses.",
    "A brass telegraph from her grandfather's time still works when the new line is down.",
    "She taps the question of the night into it, slowly, and waits for the answer from the island.",
    "It comes as it always did: one long sign, three short ones, and a pause like a breath.",
)
_GO_ON = "What follows is the rest of the story, told at length and without headings.\n\n"


def nonce(*parts: object) -> str:
    """Words that no other prompt begins with."""
    digest = blake2b(repr(parts).encode(), digest_size=12).hexdigest()
    return " ".join(digest[at : at + 4] for at in range(0, 24, 4))


def short(mark: str) -> str:
    """A beginning to be told on."""
    return f"{mark}\n\n{' '.join(_TALE[:4])}\n\n{_GO_ON}"


def long(mark: str, context: int) -> str:
    """About a thousand tokens to be read, or as many as a small context has room for."""
    wanted = min(_READ, context // _SPARE // 2)
    words: list[str] = []
    while len(words) < wanted:
        words += _TALE[(len(words) * 7) % len(_TALE)].split()
    return f"{mark}\n\n{' '.join(words[:wanted])}\n\n{_GO_ON}"
