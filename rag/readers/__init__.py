"""Readers: a question and passages in, spans with comparable scores out.

Nothing is imported here beyond the standard library and rag.types: a reader is loaded by whoever
picks it (rag.answer).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rag.types import Reading


class Reader(Protocol):
    """Reads passages for the answer to a question."""

    def read(
        self, question: str, passages: Sequence[str], *, per_passage: int = 5
    ) -> list[Reading]:
        """Return possible answers, best first, at most `per_passage` from each passage.

        A reading's score is the log-odds of its span against "the answer is not in this passage";
        scores compare between passages. Spans are characters of the passage as given. [] when there
        is nothing to read.
        """
        ...
