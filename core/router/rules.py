"""The one table of rules: what speaks for which tier, how much, and why.

A rule applies or does not; the weights of those that apply are added up for each tier. A weight of 2 alone
decides a short question. What is negative speaks against a tier. Rules are asked in the order of the table,
and may look at what applied above them (`fired`). The words of a group stand in `words.py` and `phrases.py`.
"""

from __future__ import annotations

from typing import NamedTuple

from core.router import shapes
from core.router.signs import (
    ANYTHING,
    HOW_MIGHT,
    IMPERATIVE,
    Sign,
    amounts,
    begins,
    both,
    closes,
    early,
    either,
    fired,
    longer,
    near,
    numbers,
    once,
    opens,
    questions,
    sentences,
    shorter,
    unless,
    up_to,
    words,
)
from core.router.types import Tier


class Rule(NamedTuple):
    """One line of the table; *more* is added for each further piece that was found, up to three."""

    name: str
    tier: Tier
    weight: float
    when: Sign
    why: str
    more: float = 0.0


_TRADE = once(words("language", "tool", "noun", "command", "trade", "spoken_language"))
_PERHAPS = once(words("noun_mid", "noun_soft", "language_soft"))
_NAMED = words("language", "noun", "command")
_ORDER = once(
    either(opens("act", "act_form", "act_german", "act_strong", "make"), IMPERATIVE, closes("infinitive", 14))
)
_LOOKS = fired(
    "fence", "declaration", "syntax", "call", "identifier", "query", "command line", "path", "file name",
    "fault", "configuration", "spreadsheet",
)  # fmt: skip
_PROGRAM = once(
    either(_LOOKS, words("language", "noun", "command", "spoken_language", "trade"), fired("make"))
)
_TO_MAKE = either(
    *(near("make", what, 10) for what in ("made", "language", "tool", "noun", "command", "noun_mid"))
)
_FORMULA = unless(fired("formula"), _LOOKS)
_OWN = either(*(near("my", what, 3) for what in ("noun_mid", "noun", "language", "tool")))
_TO_EXPLAIN = once(either(opens("analyse"), words("broad")))
_TWO_TERMS = words("noun_mid", "noun", "noun_soft", least=2)
_TOLD = either(numbers(1), amounts(2))
_EXCLUDES_FACT = either(
    words("how_to"),
    numbers(2),
    _LOOKS,
    fired(
        "now",
        "deep",
        "ways to count",
        "and why",
        "odd one out",
        "considerations",
        "frame",
        "what a command does",
    ),
    unless(_NAMED, begins("who_when_where")),
)
_EXCLUDES_NO_WORK = either(
    _LOOKS,
    words("how_to", "explains_command", "broad", "trade"),
    both(words("me"), _TRADE),
    fired("now", "mine", "terms to explain"),
    unless(_NAMED, begins("who_when_where")),
)
_LETTER = unless(words("letter"), _NAMED)
_WORKING = fired("order", "wish", "thing", "how to")

RULES: tuple[Rule, ...] = (
    # Code, by its looks.
    Rule("fence", "code", 2.5, shapes.FENCE, "a block of code"),
    Rule("declaration", "code", 2.5, shapes.DECLARATION, "a declaration as programs have"),
    Rule("syntax", "code", 1.6, shapes.SYNTAX, "signs as only code has them"),
    Rule("call", "code", 1.2, shapes.CALL, "the call of a function"),
    Rule("identifier", "code", 1.1, shapes.IDENTIFIER, "a name as programs have them"),
    Rule("query", "code", 2.2, shapes.QUERY, "an SQL statement"),
    Rule("command line", "code", 1.8, shapes.COMMAND_LINE, "a command with its options"),
    Rule("path", "code", 1.2, shapes.PATH, "a path"),
    Rule("file name", "code", 1.3, shapes.FILE_NAME, "a file with its extension"),
    Rule("fault", "code", 1.8, shapes.FAULT, "a message as programs give it"),
    Rule("configuration", "code", 1.8, shapes.CONFIGURATION, "lines of a configuration"),
    Rule("spreadsheet", "code", 1.6, shapes.SPREADSHEET, "a formula of a spreadsheet"),
    Rule("literal", "code", 0.9, shapes.LITERAL, "data as programs write it"),
    Rule(
        "formula", "heavy", 1.7,
        unless(shapes.FORMULA, fired("fence", "declaration"), words("language")),
        "a formula",
    ),
    # Code, by its words.
    Rule("language", "code", 2.2, words("language"), "a programming language or library", 0.4),
    Rule("language, perhaps", "code", 1.0, words("language_soft"), "perhaps a language or a system", 0.5),
    Rule("language, said so", "code", 1.3, words("spoken_language"), "the language it is wanted in"),
    Rule("command", "code", 1.8, words("command"), "a command", 0.3),
    Rule("tool", "code", 1.3, words("tool"), "a tool or format of the trade", 0.4),
    Rule("term", "code", 1.4, words("noun"), "a term of programming", 0.4),
    Rule("term, mostly", "code", 0.9, words("noun_mid"), "mostly a term of programming", 0.3),
    Rule("term, perhaps", "code", 0.5, words("noun_soft"), "perhaps a term of programming", 0.3),
    Rule("expression", "code", 1.2, words("trade"), "an expression of programming", 0.3),
    Rule("work", "code", 1.3, words("act_strong"), "work as done on programs"),
    Rule(
        "wish", "code", 1.0, unless(both(_ORDER, either(_PERHAPS, _TRADE)), begins("proof"), _LETTER),
        "an order about files or programs",
    ),
    Rule(
        "order", "code", 0.7,
        unless(_ORDER, words("maths", "analyse"), opens("make"), begins("proof"), _FORMULA),
        "an order, as given to a machine",
    ),
    Rule("make", "code", 1.6, _TO_MAKE, "a program, or a part of one, is to be made"),
    Rule("thing", "code", 1.3, begins("thing"), "a part of a program is wanted"),
    Rule("mine", "code", 0.8, _OWN, "a matter of one's own program"),
    Rule(
        "now", "code", 1.2,
        unless(
            both(words("now"), words("noun_mid", "noun_soft", "tool", "noun", "language")),
            words("maths_phrase"), begins("proof"),
        ),
        "how the machine is now",
    ),
    Rule(
        "trouble", "code", 1.0, both(words("trouble"), either(_PERHAPS, _TRADE)), "something does not work",
    ),
    Rule(
        "why mine", "code", 1.0, both(begins("why"), both(words("me"), either(_PERHAPS, _TRADE))),
        "why one's own program does that",
    ),
    Rule("terms to explain", "code", 1.2, both(_TO_EXPLAIN, _TWO_TERMS), "terms of programming to explain"),
    Rule(
        "how to", "code", 0.9, both(words("how_to"), either(_PERHAPS, _TRADE, words("act_strong"))),
        "how to do something with it",
    ),
    Rule("how with", "code", 1.0, words("how_with"), "how to do it with a tool"),
    Rule(
        "explain a term", "code", 1.2,
        both(_TO_EXPLAIN, words("language", "command", "noun", "trade", "spoken_language")),
        "a term of programming is to be explained",
    ),
    Rule(
        "what a command does", "code", 1.6,
        both(words("explains_command"), either(words("command", "command_soft", "this_command"), _LOOKS)),
        "what a command does",
    ),
    # Mathematics and logic.
    Rule("mathematics", "heavy", 1.3, words("maths"), "a term of mathematics or physics", 0.4),
    Rule("mathematics, too", "heavy", 1.0, unless(words("maths_phrase"), _PROGRAM), "said as in mathematics"),
    Rule("choices", "heavy", 1.2, unless(shapes.CHOICES, _PROGRAM), "answers to choose from"),
    Rule(
        "quantity", "heavy", 0.4, unless(both(words("maths_soft"), amounts(1)), _PROGRAM),
        "quantities", 0.2,
    ),
    Rule(
        "reckon", "heavy", 1.2,
        unless(both(opens("maths_act"), either(words("maths", "maths_soft"), numbers(1))), _PROGRAM),
        "something to work out",
    ),
    Rule("prove", "heavy", 2.2, begins("proof"), "a proof"),
    Rule(
        "word problem", "heavy", 1.7, unless(both(amounts(2), words("asks_number")), _PROGRAM),
        "a problem with numbers",
    ),
    Rule(
        "numbers in a text", "heavy", 1.0, unless(both(_TOLD, sentences(2)), _PROGRAM),
        "a text with numbers",
    ),
    Rule(
        "story", "heavy", 1.2,
        unless(both(amounts(1), both(sentences(2), words("asks_number"))), _PROGRAM),
        "a story with a question for a number",
    ),
    Rule("many numbers", "heavy", 0.9, unless(numbers(3), _PROGRAM), "many numbers"),
    Rule(
        "units", "heavy", 0.6, unless(both(words("unit"), numbers(1)), fired("wish")),
        "numbers with their units",
    ),
    Rule(
        "rates", "heavy", 0.8, unless(both(words("rate"), amounts(1)), fired("wish")),
        "amounts that depend on each other",
    ),
    Rule("ways to count", "heavy", 2.0, unless(words("many_ways"), _PROGRAM), "possibilities to count"),
    Rule(
        "how many", "heavy", 1.2, unless(both(words("how_many"), words("maths")), _PROGRAM),
        "a number that follows from mathematics",
    ),
    Rule("reasoning", "heavy", 1.6, words("reasoning"), "reasoning is asked for"),
    Rule("truth and lies", "heavy", 2.2, words("truth"), "a puzzle of truth and lies"),
    Rule(
        "places", "heavy", 1.2, unless(words("places"), _PROGRAM, up_to(9, begins("fact"))),
        "who or what stands where", 0.6,
    ),
    Rule("kin", "heavy", 1.4, words("kin", least=3), "who is related to whom"),
    Rule("odd one out", "heavy", 2.2, unless(words("odd"), _PROGRAM), "a puzzle as tests have them"),
    Rule(
        "puzzle", "heavy", 1.3,
        unless(
            either(words("puzzle"), words("logic", least=2)),
            _PROGRAM, fired("wish"), up_to(9, begins("fact")),
        ),
        "a puzzle", 0.5,
    ),
    Rule("syllogism", "heavy", 2.0, shapes.SYLLOGISM, "conclusions from statements"),
    Rule("if so", "heavy", 0.7, begins("if"), "an assumption to start from"),
    # Analysis.
    Rule("analyse", "heavy", 1.5, opens("analyse"), "analysis is asked for"),
    Rule("analyse, too", "heavy", 0.7, unless(words("analyse"), opens("analyse")), "analysis is part of it"),
    Rule("matter of analysis", "heavy", 1.1, words("analyse_noun"), "a matter of analysis", 0.4),
    Rule("big subject", "heavy", 0.5, words("abstract"), "a subject of science or society", 0.35),
    Rule(
        "effects", "heavy", 1.3,
        unless(near("how", "affect", 20), words("language", "command", "how_to"), begins("fact")),
        "how one thing affects another",
    ),
    Rule(
        "why", "heavy", 1.0, unless(both(begins("why"), longer(6)), fired("why mine")),
        "reasons are asked for",
    ),
    Rule(
        "why it was", "heavy", 1.3,
        unless(
            both(begins("why"), shapes.WHY_IT_WAS),
            fired("why", "why mine"), _PROGRAM, _PERHAPS, _TRADE, words("me"),
        ),
        "why something came about",
    ),
    Rule(
        "put in order", "heavy", 2.4, unless(shapes.PUT_IN_ORDER, _PROGRAM), "words are to be put in order",
    ),
    Rule("long writing", "heavy", 1.4, unless(shapes.LONG_WRITING, _PROGRAM), "a long text is to be written"),
    Rule("and why", "heavy", 1.2, both(words("and_why"), longer(8)), "a question of several parts"),
    Rule(
        "considerations", "heavy", 1.5,
        unless(both(begins("fact"), early("considered", 5)), _PROGRAM, words("how_many")),
        "several things have to be weighed",
    ),
    Rule("frame", "heavy", 1.4, unless(words("frame"), _PROGRAM), "an answer of several parts is wanted"),
    Rule("how might", "heavy", 1.2, unless(HOW_MIGHT, _PROGRAM, words("how_to")), "how something could be"),
    Rule("plan", "heavy", 1.4, unless(opens("plan"), _PROGRAM), "something is to be planned"),
    Rule(
        "how can one", "heavy", 1.2, unless(words("how_can_one"), _PROGRAM, _PERHAPS),
        "how it can be done",
    ),
    Rule(
        "deep", "heavy", 1.8, unless(words("deep"), both(begins("fact"), words("stage")), fired("make")),
        "a question without a short answer", 0.4,
    ),
    Rule(
        "broad", "heavy", 1.0,
        unless(
            words("broad"),
            words("language", "command", "spoken_language", "how_to"), fired("terms to explain"),
        ),
        "a question that wants an explanation", 0.3,
    ),
    Rule(
        "at length", "heavy", 1.2,
        unless(words("at_length"), _PROGRAM, fired("how to", "explain a term", "terms to explain")),
        "a thorough answer is wanted",
    ),
    Rule(
        "in short", "heavy", -1.2, up_to(22, unless(words("in_short"), _PROGRAM, numbers(2))),
        "a short answer is wanted",
    ),
    Rule("long", "heavy", 0.6, longer(25), "a long question"),
    Rule("longer", "heavy", 0.6, longer(45), "a very long question"),
    Rule("several questions", "heavy", 0.9, both(questions(2), longer(10)), "several questions"),
    # Small talk and facts.
    Rule("nothing special", "fast", 0.6, ANYTHING, "what anybody may ask"),
    Rule("greeting", "fast", 1.8, up_to(9, unless(words("greeting"), _LOOKS)), "small talk"),
    Rule(
        "to you", "fast", 1.0,
        up_to(14, unless(words("you"), _PROGRAM, fired("truth and lies", "deep", "if so", "order", "wish"))),
        "about you",
    ),
    Rule(
        "about me", "fast", 0.6, up_to(12, unless(words("me"), _TRADE, fired("how to", "mine", "analyse"))),
        "about me",
    ),
    Rule(
        "mood", "fast", 1.0,
        up_to(12, unless(words("feeling"), _PROGRAM, fired("analyse", "why", "considerations"))),
        "a mood",
    ),
    Rule("fact", "fast", 1.4, up_to(22, unless(begins("fact"), _EXCLUDES_FACT)), "a fact is asked for"),
    Rule(
        "who, when, where", "fast", 1.2,
        up_to(22, unless(begins("who_when_where"), numbers(2), words("together"), _LOOKS)),
        "a person, a time or a place is asked for",
    ),
    Rule("no work", "code", -1.2, up_to(22, unless(begins("fact"), _EXCLUDES_NO_WORK)), "no work to be done"),
    Rule(
        "no work at all", "code", -1.2,
        up_to(22, unless(begins("who_when_where"), _LOOKS, words("how_to", "me"), fired("now", "mine"))),
        "a person, a time or a place is asked for",
    ),
    Rule("daily life", "code", -1.0, up_to(30, words("creature")), "a matter of daily life", -0.3),
    Rule(
        "elsewhere", "code", -2.2, both(words("elsewhere"), words("language", "language_soft")),
        "an animal, a place or a stage",
    ),
    Rule(
        "briefly", "fast", 0.8, up_to(22, unless(words("in_short"), _PROGRAM, numbers(2))),
        "a short answer is wanted",
    ),
    Rule("short", "fast", 0.5, unless(shorter(6), _WORKING), "a short question"),
    Rule("very short", "fast", 0.5, unless(shorter(3), _WORKING), "a very short question"),
    Rule(
        "small writing", "fast", 1.8, up_to(30, unless(words("small_writing"), _PROGRAM, fired("analyse"))),
        "a small piece of writing",
    ),
)  # fmt: skip
