"""From the bytes of a file to a document: one reader a format behind one interface.

Everything here is pure and runs in the reader's own process (`core/retrieval/sandbox.py`): what a file
claims to be is not believed, its content decides, and what cannot be read becomes one sentence.
"""

from __future__ import annotations

from core.retrieval.extract.reading import extract as extract
