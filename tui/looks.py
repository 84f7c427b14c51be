"""The stylesheet read once: every further page, and every change back to a theme, finds its rules made.

Textual's own reads all of its sources anew whenever a page is opened for the first time and whenever a
theme is chosen, although nothing of them has changed: up to half of what it costs to open a page.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

from textual.css.errors import StylesheetError
from textual.css.model import RuleSet
from textual.css.parse import parse
from textual.css.stylesheet import Stylesheet
from textual.css.tokenize import tokenize_values
from textual.css.tokenizer import Token, TokenError
from textual.css.types import CSSLocation

Look: TypeAlias = frozenset[tuple[str, str]]
"""The values of all variables: what a theme comes to."""


@lru_cache(maxsize=8)
def _same(look: Look) -> Look:
    """Return the first of equal looks: what is the same object is compared at once."""
    return look


@lru_cache(maxsize=8)
def _tokens(look: Look) -> dict[str, list[Token]]:
    return tokenize_values(dict(look))


@lru_cache(maxsize=1024)
def _rules(look: Look, css: str, read_from: CSSLocation, kind: tuple[bool, int, str]) -> list[RuleSet]:
    # Rules are only read once they are made, so all stylesheets with this look may share them.
    is_default_rules, tie_breaker, scope = kind
    try:
        return list(
            parse(
                scope,
                css,
                read_from,
                variable_tokens=_tokens(look),
                is_default_rules=is_default_rules,
                tie_breaker=tie_breaker,
            )
        )
    except TokenError:
        raise
    except Exception as error:  # noqa: BLE001 - as Textual's own does
        raise StylesheetError(f"failed to parse css; {error}") from None


class Looks(Stylesheet):
    """A stylesheet whose sources are read once for each theme."""

    def __init__(self, *, variables: dict[str, str] | None = None) -> None:
        super().__init__(variables=variables)
        self._look = _same(frozenset(self._variables.items()))

    def set_variables(self, variables: dict[str, str]) -> None:
        """Change to another theme."""
        super().set_variables(variables)
        self._look = _same(frozenset(variables.items()))

    def copy(self) -> Looks:
        """Return another with the same sources."""
        made = Looks(variables=self._variables.copy())
        made.source = self.source.copy()
        return made

    def reparse(self) -> None:
        """Apply the theme as it is now; when a source is wrong, the rules stay as they were."""
        self.parse()

    def _parse_rules(
        self,
        css: str,
        read_from: CSSLocation,
        is_default_rules: bool = False,  # noqa: FBT001, FBT002 - Textual calls it so
        tie_breaker: int = 0,
        scope: str = "",
    ) -> list[RuleSet]:
        return _rules(self._look, css, read_from, (is_default_rules, tie_breaker, scope))
