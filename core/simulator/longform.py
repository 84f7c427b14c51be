"""Mixed Markdown without an end, for measuring whoever reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count

_TOKEN = re.compile(r"\s*[^\s]{1,6}|\s+")

_SECTIONS = (
    """## {n}. How a request travels

A prompt reaches the server, waits for its turn, and is *read* before the first word is written. Reading is
fast, because **all tokens are known**; writing is slow, because each token needs the one before it.

""",
    """### {n}.1 What to look at

- **Time to first token**: waiting, loading and reading together
- **Tokens per second**: the speed of writing alone
  - bounded by the memory's bandwidth
  - hardly by the number of cores
- `num_ctx`: the window, and what it costs

1. Measure once with a cold model.
2. Measure again with a warm one.
3. Compare the *same* prompt, otherwise the figures say nothing.

""",
    """```python
from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    tokens: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.tokens / self.seconds if self.seconds else 0.0


def fastest(samples: list[Sample]) -> Sample:
    return max(samples, key=lambda sample: sample.rate)
```

""",
    """| Model | Size | Context | Tokens/s |
|---|---:|---:|---:|
| small {n} | 2.0 GB | 131072 | 109.4 |
| medium {n} | 5.2 GB | 40960 | 42.1 |
| large {n} | 18.6 GB | 262144 | 107.8 |

""",
    """> Größere Modelle antworten nicht immer besser. Oft genügt ein kleines, wenn die Frage klar ist und
> die nötigen Angaben dabeistehen.

Die Überlegung dahinter ist einfach: Was im Speicher der Grafikkarte Platz hat, ist schnell; was auf den
Hauptspeicher ausweichen muss, ist es nicht. Deshalb zeigt die Übersicht beides, **belegt** und *frei*. 🚀

""",
    """```bash
# Round {n}: three runs, the middle one counts
for run in 1 2 3; do
    ollama run llama3.2:3b --verbose "Why is the sky blue?" | tail -n 8
done
```

The formula is $r = n / t$; for {n} × 10³ tokens see [the table](#table). Nothing here is `<html>` & co.

---

""",
)


def endless() -> Iterator[str]:
    """Tokens of mixed Markdown, for ever."""
    for number in count(1):
        for section in _SECTIONS:
            for found in _TOKEN.finditer(section.replace("{n}", str(number))):
                yield found.group()
