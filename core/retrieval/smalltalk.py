"""Tells small talk, for which no document is looked into. Pure."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_LONGEST = 8

_WORDS = """
    abend afternoon again ah aha alles alright and are auch bald bis bitte bye ciao cool dank danke
    dann day dear deine die dir done es evening fine for für geht geht's gehts genau gern gerne
    going good goodbye great gut guten haha hallo hello help hey hi hilfe hm hmm how how's hows
    ihnen ihre it ja klar later lol moin morgen morning much na nacht nein nice night no nochmal
    nope oh ok okay perfect perfekt please prima richtig right schön schöne see sehr servus so sup
    super tag thank thanks the there thx toll too tschüss und up very vielen welcome well what's wie
    wieder wonderful wunderbar yep yes you your
"""
_TALK = frozenset(_WORDS.split())


def is_small_talk(text: str) -> bool:
    """Whether a message only greets, thanks or agrees."""
    words = [word.casefold().replace("’", "'") for word in _WORD.findall(text)]
    return len(words) <= _LONGEST and all(word in _TALK for word in words) and not re.search(r"\d", text)
