"""Expressions in which a word of the trade means something else, by that word.

They are taken out before anything is looked for. Written as they are looked for: folded, with one blank
between words, separated by a slash.
"""

from __future__ import annotations

_MEANING_ELSE = {
    "code": "area code / zip code / postal code / dress code / penal code / civil code"
    " / criminal code / tax code / building code / code of conduct / code of honor"
    " / code of honour / code of hammurabi / code of ethics / genetic code / morse code"
    " / da vinci code / enigma code / code of the enigma / code der enigma / bar code"
    " / airport code / country code / moral code / promo code / sort code / code breaker"
    " / code talkers / code geass / code name / napoleonic code / code napoleon / colour code"
    " / color code",
    "codes": "area codes / zip codes / dress codes / postal codes / airport codes / country codes",
    "class": "working class / middle class / upper class / lower class / social class / ruling class"
    " / first class / second class / business class / economy class / world class / class action"
    " / class warfare / class struggle / class reunion / weight class / master class"
    " / class president / class mammalia / high school class / class of 19 / class of 20"
    " / best in class / class conflict / drug class",
    "classes": "social classes / upper classes / lower classes / working classes / classes of drugs",
    "klasse": "erste klasse / ersten klasse / erster klasse / zweite klasse / zweiten klasse"
    " / zweiter klasse / dritte klasse / dritten klasse / vierte klasse / vierten klasse / fuenfte klasse"
    " / fuenften klasse / sechste klasse / sechsten klasse / siebte klasse / siebten klasse / achte klasse"
    " / achten klasse / neunte klasse / neunten klasse / zehnte klasse / zehnten klasse"
    " / soziale klasse / klasse in der schule / in der klasse / in deiner klasse"
    " / in meiner klasse / in unserer klasse / unsere klasse / meine klasse / klasse leistung"
    " / klasse idee / das ist klasse",
    "python": "monty python / ball python / burmese python / reticulated python / python snake / pet python",
    "java": "island of java / java island / java sea / insel java / java und sumatra"
    " / java oder sumatra / java and sumatra / auf java / java man / java coffee / bali und java"
    " / bali and java",
    "shell": "shell of an egg / egg shell / royal dutch shell / shell tankstelle / shell station"
    " / sea shell / shell oil / turtle shell / nut shell / ghost in the shell / electron shell"
    " / outer shell / shell of a",
    "swift": "taylor swift / jonathan swift",
    "ruby": "ruby ring / the ruby in / ruby slippers / ruby wedding",
    "rust": "rust belt / rust on / rust from",
    "go": "go to / go home / go out / go on / go into / go back / i go / you go / we go / they go / to go",
    "c": "c dur / c moll / c major / c minor / vitamin c / hepatitis c / degrees c / grad c / plan c",
    "b": "hepatitis b / vitamin b / plan b",
    "basic": "basic income / basic needs / basic rights / basic research",
    "oracle": "oracle of delphi / oracle at delphi",
    "string": "string quartet / string theory / string instrument / guitar string / violin string"
    " / string bikini / string on a / strings on a / g string",
    "program": "space program / tv program / television program / training program / radio program"
    " / exchange program / nuclear program / apollo program / undergraduate program"
    " / weapons program",
    "programm": "tv programm / programm im fernsehen / programm am / apollo programm / das programm im",
    "process": "peace process / due process / legal process / voting process / process of",
    "prozess": "vor gericht / prozess gegen / prozess um / prozess der / prozess des / im prozess"
    " / den prozess",
    "table": "periodic table / table tennis / dinner table / round table / water table / league table"
    " / table salt / table of contents / times table",
    "tree": "family tree / apple tree / christmas tree / tree of life / oak tree / palm tree",
    "memory": "short term memory / long term memory / human memory / in memory of / working memory",
    "key": "key west / key signature / key to success / key points / key players / key factors"
    " / key differences / key concepts / key figures / key is the song",
    "branch": "branch of / executive branch / legislative branch / judicial branch / olive branch"
    " / river branch",
    "host": "host of the / tv host / host country / host of a / talk show host / host city / host cell",
    "bug": "bug bite / bed bug / stink bug / june bug / bug spray",
    "script": "movie script / film script / script for a movie / script of the movie",
    "function": "heart function / kidney function / liver function / function of the / function of a",
    "funktion": "funktion hat / funktion hatte / funktion hatten / funktion haben / funktion der"
    " / funktion des",
    "method": "method acting / scientific method / method of",
    "package": "package holiday / care package",
    "network": "social network / tv network / television network",
    "port": "port of / port wine",
    "command": "command of the / chain of command / in command",
    "library": "library of / public library / library card",
    "windows": "windows of / the windows are",
    "spring": "spring break / in spring / hot spring / prague spring",
    "type": "blood type / personality type / body type / skin type / type of / types of",
    "array": "array of flowers / wide array of",
    "loop": "in the loop / loop hole",
    "stack": "stack of pancakes / hay stack",
    "server": "server in a restaurant / server im restaurant",
    "variable": "variable kosten / variable costs / variable star",
    "tabelle": "bundesliga tabelle / tabelle der bundesliga",
    "bash": "birthday bash",
    "cookie": "cookie recipe / chocolate cookie / cookie dough / fortune cookie",
    "null": "die null / null ist eine / durch null / null grad / null uhr / null punkte / gleich null"
    " / ungleich null / eins zu null / zu null / in null komma",
    "hash": "hash brown / hash browns",
}

COLLOCATIONS: dict[str, tuple[str, ...]] = {
    word: tuple(f" {phrase.strip()} " for phrase in phrases.split("/"))
    for word, phrases in _MEANING_ELSE.items()
}
"""The phrases to take out when a word is there."""
