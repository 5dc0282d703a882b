"""Which of the answers to a follow-up tells something new.

    农产品出口多少? → 14.9亿元     机电产品呢? → 35.7亿元, not 农产品出口14.9亿元
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from rag.claims import Claim
from rag.dialogue import InContext
from rag.kinds import asked_kind
from rag.terms import fold
from rag.types import essence

_WORDY = ("reason", "said", "whether", "list")


def told_anew(asked: InContext, readings: Sequence[list[Claim]]) -> list[Claim]:
    """Return the claims of the reading whose best new answer is surest, those that only say again
    what was told before behind the others."""
    sorted_ = [_new_first(asked, claims) for claims in readings if claims]
    use = os.environ.get("FU", "012")
    sorted_ = [c for k, c in enumerate(sorted_) if str(k) in use] or sorted_[:1]
    return max(sorted_, key=lambda claims: claims[0].score) if sorted_ else []


def _new_first(asked: InContext, claims: list[Claim]) -> list[Claim]:
    if asked_kind(asked.own).name in _WORDY:
        return claims
    told = [words for answer in asked.told if (words := _key(answer))]
    new = [c for c in claims if not any(_holds(_key(c.text), words) for words in told)]
    kept = {id(c) for c in new}
    return [*new, *(c for c in claims if id(c) not in kept)]


def _holds(words: str, told: str) -> bool:
    """Tell whether words hold what was told, no figure being a part of another."""
    ends = r"(?![\d.])" if told[-1:].isdigit() else ""
    starts = r"(?<![\d.])" if told[:1].isdigit() else ""
    return bool(re.search(starts + re.escape(told) + ends, words))


def _key(words: str) -> str:
    return "".join(c for c in fold(essence(words)) if c.isalnum() or c in "%.")
