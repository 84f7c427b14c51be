"""What code, commands, messages and formulas look like in a text: signs of their own for the table of rules.

Every repetition is bounded, so a megabyte of anything costs what the beginning of it costs.
"""

from __future__ import annotations

from core.router.signs import both, either, looks, says, words

FENCE = looks(r"```|^[ \t]{0,8}~~~", needs="`~")

DECLARATION = looks(
    r"^[ \t]{0,40}(?:"
    r"(?:(?:async|export|pub|public|private|protected|static|abstract|final|default) ){0,4}"
    r"(?:def|class|func|fn|fun|function|struct|interface|enum|namespace|void|trait|impl|object)"
    r"\s[^\n]{0,120}[{}:;(),>]\s{0,10}$"
    r"|import [\w.*{}, ]{1,80};?$|from [\w.]{1,60} import |\#include|\#define|using [\w.]{1,60};"
    r"|package [\w.]{1,60};?$|(?:const|let|var|val) \w{1,40}\s?[=:]|@\w{1,40}(?:\(|$)|\#!/)"
)

SYNTAX = looks(
    r"[;{}][ \t]{0,10}$|=>|[=!]==|\s[=!]=\s|\s&&\s|\s\|\|\s|</?[a-z][a-z0-9]{0,10}(?:\s[^<>\n]{0,80})?/?>"
    r"|\w\+\+(?=\W)|\w::\w|\s:=\s|^\s{0,20}(?:for|if|while|switch)\s?\([^\n]{0,100}\)\s{0,4}\{|^>>> "
    r"|\[ -[a-z] ",
    needs=";{}=!&|<+:>[",
)

CALL = looks(
    # Not the functions of mathematics, and not the forms of a word as in "question(s)".
    r"\b(?!(?:sin|cos|tan|ln|log|exp|sqrt|max|min|lim|gcd|arctan|Var|Pr)\()[A-Za-z_][\w.]{1,40}"
    r"\((?!(?:s|es|n|en|in|innen|er|e|r|\d{1,3}|[A-Za-z]{1,2})\))[^()\n]{0,80}\)",
    needs="(",
)

IDENTIFIER = either(
    looks(r"\b[a-z]{2,20}_[a-z0-9_]{2,30}\b|\b[a-z]{1,20}\[[a-z0-9]{1,10}\]|\$[a-z]{2,20}\b", needs="_[$"),
    looks(r"\b[a-z]{2,15}[A-Z][a-z]{2,15}\w{0,20}\b"),
    looks(r"\bO\((?:1|log n|n[ \w^*]{0,12})\)", needs="("),
)

QUERY = both(
    words("sql"),
    looks(
        # FORM for FROM is the slip that is asked about most.
        r"\bSELECT\b[^;]{1,200}\b(?:FROM|FORM)\b|\bselect (?:\*|[\w., ]{1,60}) from \w|\bINSERT INTO\b"
        r"|\bUPDATE \w{1,40} SET\b|\bDELETE FROM\b|\b(?:CREATE|ALTER|DROP) (?:TABLE|INDEX|VIEW|DATABASE)\b"
        r"|\b(?:GROUP|ORDER) BY\b|\b(?:INNER|LEFT|RIGHT|OUTER) JOIN\b"
    ),
)

COMMAND_LINE = looks(
    r"\s--[a-z][\w-]{1,30}|(?<=[a-z] )-[a-zA-Z]{1,5}(?=[\s?!.,;]|$)|(?<=\S) \| ?[A-Za-z][\w-]{1,20}|2>&1"
    r"|\s>>?\s\S{1,40}\.\w|\$[A-Z_]{2,20}\b|\$\{|\$\(|\[ -[a-z] |^[ \t]{0,8}\$ \w|^PS [A-Z]:"
    r"|\b[A-Z][a-z]{2,12}-[A-Z][A-Za-z]{3,20} -",
    needs="-|>$[:",
)

PATH = looks(
    r"(?<![\w/])(?:~|\.{1,2})?/(?:[\w.@-]{1,40}/){1,8}[\w.@-]{0,40}|(?<![\w/])(?:~|\.)/[\w.@-]{1,40}"
    r"|\b[A-Z]:\\\w|(?<!\w)/(?:etc|usr|var|tmp|home|opt|bin|dev|proc|mnt)\b",
    needs="/\\",
)

FILE_NAME = looks(
    r"(?:\b[\w-]{2,40}|(?<![\w.])\*?)\.(?:py|js|ts|tsx|jsx|java|cpp|hpp|cs|go|rs|rb|php|sh|bash|zsh|ps1|bat"
    r"|sql|html?|css|json|ya?ml|toml|ini|conf|cfg|xml|csv|tsv|txt|log|md|ipynb|lua|kt|swift|jar|exe|dll|deb|rpm"
    r"|tar|gz|zip|lock|env|jpe?g|png|xlsx|bashrc|gitignore|mp4|mp3|wav)\b",
    needs=".",
)

FAULT = either(
    looks(
        r"^\s{1,20}at [\w.$]{2,80}\(|\b[A-Z]\w{2,40}(?:Error|Exception)\b|\b[Ee]rror(?:\[E\d{1,5}\])?:\s"
        r"|\#N/A",
        needs="(EN:",
    ),
    words("fault"),
)

CONFIGURATION = either(
    looks(r"^\s{0,20}-?\s?[a-z][\w.-]{0,40}:(?:\s\S{0,80})?$", needs=":", least=3),
    looks(
        r"\{\s{0,20}\"[\w$-]{1,40}\"\s?:|^\[\w[\w. -]{0,40}\]$"
        r"|^(?:FROM|RUN|CMD|COPY|WORKDIR|ENTRYPOINT|EXPOSE) \S"
    ),
)

SPREADSHEET = looks(r"=[A-Z]{2,12}\(|\b\$?[A-Z]{1,2}\$?\d{1,4}:\$?[A-Z]{1,2}\$?\d{1,4}\b", needs="=:")

LITERAL = looks(
    r"\[\s?[\"']?-?\w{1,20}[\"']?\s?,\s?[\"']?-?\w{1,20}[\"']?|'\w{1,20}'\s?:|\"\w{1,20}\"\s?:",
    needs="[:",
)

FORMULA = looks(
    r"\\(?:frac|sqrt|sum|int|lim|cdot|alpha|beta|theta|pi|infty|mathbb|begin|leq|geq|circ|times)\b|\\\(|\\\["
    r"|\b\d{0,4}[a-z]\s?[\^=]\s?[\w(]|\b\d{0,4}[a-z]\s?[+*/-]\s?\d{1,4}[a-z]?\b|\b\d{1,9}\s?[+*/×÷=]\s?\d"
    r"|\b[a-z]\([a-z0-9+*^/ -]{1,12}\)\s?[=+]|[²³√∑∫π≤≥∞]|\b[a-z]\^",
    needs="\\^=+*/-×÷²³√∑∫π≤≥∞",
)

SYLLOGISM = says(
    r"\b(?:all|every|some|no|alle|jeder|einige|kein\w?) \w{2,20} (?:are|is|sind|ist) [^.\n]{2,60}[.,;]? "
    r"(?:and |und |but )?(?:all|every|some|no|alle|jeder|einige|kein\w?) \w",
    "quantifier",
)

WHY_IT_WAS = says(
    r"^\W{0,3}(?:warum|weshalb|wieso) (?:\w{3,20}ten?"
    r"|(?:ver|zer|ent)?(?:kam|ging|fiel|lor|gann|brach|wurd|stand|zog|griff|schloss|trat|bot)\w{0,3}"
    r"|begann(?:en)?|gab es|war(?:en)?) (?!du\b|ihr\b)"
)

LONG_WRITING = says(
    r"\b(?:write|compose|draft|schreibe?|verfasse|entwirf) (?:me |us |mir |uns )?(?:an? |eine[nr]? )?"
    r"(?:\w{1,15} ){0,3}?(?:story|blog post|essay|article|speech|screenplay"
    r"|kurzgeschichte|geschichte|blogbeitrag|aufsatz|artikel|rede)\b",
    "long_text",
)

PUT_IN_ORDER = looks(
    r"\b(?i:sort|order|arrange|sortiere|ordne) (?i:the |these |die |diese )?(?i:following|folgenden?)"
    r" (?i:words|names|w(?:ö|oe)rter|namen|begriffe)\b",
    needs=":",
)

CHOICES = looks(r"(?:^|\s)\(?[A-E][).]\s", needs=").", least=3)
