"""Which of the answers to a follow-up tells something new.

    农产品出口多少? → 14.9亿元     机电产品呢? → 35.7亿元, not 农产品出口14.9亿元
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.claims import Claim
from rag.dialogue import InContext
from rag.kinds import asked_kind
from rag.terms import fold
from rag.types import essence

_WORDY = ("reason", "said", "whether", "list")  # kinds whose answers may name it once more
_SHORTEST = 2  # characters told that are looked for in other answers
_GOES_ON = "至到—–~-"  # from 8月8日 on, 8月8日至12日 tells more


def told_anew(asked: InContext, readings: Sequence[list[Claim]]) -> list[Claim]:
    """Return the claims of the reading whose best new answer is surest, those that only say again
    what was told before behind the others."""
    turned = [_new_first(asked, claims) for claims in readings if claims]
    return max(turned, key=lambda claims: claims[0].score) if turned else []


def _new_first(asked: InContext, claims: list[Claim]) -> list[Claim]:
    if asked_kind(asked.own).name in _WORDY:
        return claims
    told = [words for answer in asked.told if len(words := _key(answer)) >= _SHORTEST]
    again = [any(_says(_key(c.text), words) for words in told) for c in claims]
    pairs = list(zip(claims, again, strict=True))
    return [c for c, old in pairs if not old] + [c for c, old in pairs if old]


def _says(words: str, told: str) -> bool:
    """Tell whether words hold what was told, no figure being a part of another, nor the beginning
    of a span of time."""
    ends = rf"(?![{_GOES_ON}])" + (r"(?![\d.])" if told[-1].isdigit() else "")
    starts = r"(?<![\d.])" if told[0].isdigit() else ""
    return bool(re.search(starts + re.escape(told) + ends, words))


def _key(words: str) -> str:
    return "".join(c for c in fold(essence(words)) if c.isalnum() or c in f"%.{_GOES_ON}")
