"""Which language the texts of a space are in, by a vote of their commonest words. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

_WORD = re.compile(r"[^\W\d_]+")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
"""Letters of the scripts that put no spaces between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese."""

_LOOKED_AT = 250
"""Characters of each text: many beginnings say more than a few whole texts, and the loop waits meanwhile."""
_MOST_LETTERS = 200_000

_COMMON: dict[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "English": "the of and to is that it was for are with as his they at be this have from or had by "
        "not but what were we when your can said there which their will if would about them "
        "then been has who its",
        "German": "der die und den von zu das mit sich des auf für ist im dem nicht ein eine als auch "
        "es an werden aus er hat dass sie nach wird bei einer um am sind noch wie einem über "
        "einen so zum war haben nur oder",
        "French": "le la les des et en un une du dans est que pour qui sur pas au par plus ne se ce il "
        "sont avec son aux ou cette ont mais comme nous vous elle leur être fait été",
        "Spanish": "el los las de y en que un una por con para del se es no su al lo como más pero sus "
        "este ha entre cuando muy sin sobre también hasta hay donde",
        "Italian": "il lo gli di e che è un una per con del della non in si da al alla dei delle nel "
        "sono come anche più ma ha questo essere dal sulla tra",
        "Portuguese": "o os as de e que do da em um uma para com não por mais dos das como mas foi ao ele "
        "tem à seu sua ou ser quando muito há nos já está também",
        "Dutch": "de het een van en in is dat op te zijn met voor niet aan er die hij ook als bij door "
        "naar maar om uit dan nog werd worden deze heeft wordt over",
        "Swedish": "och att det som en på är av för med till den har de inte om ett han men var jag sig "
        "från vi så kan när nu skulle efter eller",
        "Danish": "og at det som en på er af for med til den har de ikke om et han men var jeg sig fra "
        "vi så kan når efter eller blev være",
        "Russian": "и в не на что с по как это он но из за то все она так его же от бы для мы был был "
        "они было у к",
    }.items()
}

_ALL = frozenset().union(*_COMMON.values())


def is_common(word: str) -> bool:
    """Whether a word is one of the commonest of its language, and says nothing about what a text is about."""
    return word.casefold() in _ALL


class Tongue(NamedTuple):
    """How texts are taken apart into words and the words to their stems."""

    language: str = "English"
    unspaced: bool = False
    """Words are found by a dictionary, because nothing stands between them."""


def tongue_of(texts: Iterable[str]) -> Tongue:
    """The language most of the texts are in; English when nothing tells."""
    words: Counter[str] = Counter()
    letters = unspaced = 0
    for text in texts:
        start = text[:_LOOKED_AT]
        words.update(_WORD.findall(start.casefold()))
        letters += sum(map(str.isalpha, start))
        unspaced += len(_UNSPACED.findall(start))
        if letters > _MOST_LETTERS:
            break
    votes = {language: sum(words[word] for word in common) for language, common in _COMMON.items()}
    best = max(_COMMON, key=lambda language: votes[language])
    return Tongue(best if votes[best] else "English", unspaced=unspaced > letters / 4)
