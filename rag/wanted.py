"""What an English question asks for, by the nouns that stand behind its asking word.

    On which day did it open?                 a time
    What share of the firm does he own?       a number, in per cent
    Which three directors were voted out?     several things
    Which swimmer stunned them?               a person
    Price of the bigger model?                a number, of money: it asks though no word says so

Chinese names the kind in the asking word (几号, 百分之几, 哪三位, 哪位); English in the noun.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from rag.classifiers import (
    AREAS,
    ENDS_A_NAME,
    LENGTHS,
    PEOPLE,
    SPEEDS,
    WEIGHTS,
    is_one_of,
    singular,
)
from rag.lexicon.numbers import NUMBERS

_ASKING = re.compile(r"\b(?:who|whom|whose|what|when|where|which|how|why)\b")
_PHRASE = re.compile(
    r"\b(?:which|what)\b(?P<told>'s| (?:is|are|was|were|will be))?(?: (?:the|its|his|her|their))?"
    rf"(?P<words>(?: (?!(?:{ENDS_A_NAME})\b)[\w'-]+){{0,5}})(?P<then> ?\w*)"
)
_UNASKED = re.compile(rf"(?P<words>(?:\b(?!(?:{ENDS_A_NAME})\b)[\w'-]+ ?){{1,6}})")
_AUXILIARY = frozenset("are were do did have will would can could should must may might".split())
_COUNTS = frozenset(word for word, number in NUMBERS.items() if number > 1) | frozenset(
    "several other kinds types sorts ones".split()
)
_NO_PLURAL = re.compile(r"(?:ss|us|is|as|'s|news|series|species)$")


def _nouns(text: str) -> frozenset[str]:
    return frozenset(map(singular, text.split()))


_TIMES = _nouns("date day year month week weekday weekend time hour season century decade period")
# nouns of what is told by a number → its unit as `rag.classifiers.alike` knows it, or its forms
_AMOUNTS = {
    "share percentage percent proportion portion fraction rate ratio growth margin": ("%", ""),
    "price cost fare fee fine salary wage pay budget revenue profit loss turnover income sales"
    " value worth investment debt rent subsidy toll premium funding sum outflow inflow": ("元", ""),
    "age ages": ("岁", ""),
    "temperature": ("度", ""),
    "score scoreline": ("比", ""),
    "length height width depth distance altitude wheelbase diameter": ("", LENGTHS),
    "weight": ("", WEIGHTS),
    "area": ("", AREAS),
    "speed": ("", SPEEDS),
    "total amount size population turnout capacity average maximum minimum output power range"
    " limit": ("", ""),
}
_AMOUNT_OF = {noun: unit for nouns, unit in _AMOUNTS.items() for noun in nouns.split()}
_ALTOGETHER = frozenset("total average maximum minimum".split())  # pupils: a number, no persons
_MORE_PEOPLE = _nouns(
    """
    actor actress singer author writer artist painter architect designer founder president minister
    pm mp premier mayor governor leader boss chief head chairman chairwoman chair ceo spokesman
    spokeswoman secretary ambassador diplomat lawyer judge professor analyst economist star champion
    captain coach manager striker goalkeeper defender midfielder veteran composer conductor poet
    historian lawmaker senator politician hero heroine celebrity host reporter editor photographer
    chef principal astronaut pilot inventor entrepreneur billionaire owner commander general
    """
)


class Wanted(NamedTuple):
    """`kind` as rag.kinds names it; `unit` as `rag.classifiers.alike` knows it, or `forms`: how it
    is printed."""

    kind: str
    unit: str = ""
    forms: str = ""


@lru_cache(maxsize=64)  # asked once an answer and once a claim
def wanted(question: str) -> Wanted | None:
    """Return what an English question in lower case asks for, None where its nouns do not tell.

    >>> wanted("on which day did it open?"), wanted("which three directors were voted out?")
    (Wanted(kind='time', unit='', forms=''), Wanted(kind='list', unit='', forms=''))
    >>> wanted("what rule did they make?") is None
    True
    """
    asking = _ASKING.search(question)
    if asking is None:
        found = _UNASKED.match(question)
        words = _head(found["words"].split()) if found else []
        return _amount(words[-1:]) or (Wanted("number") if _ALTOGETHER & set(words[:1]) else None)
    phrase = _PHRASE.match(question, asking.start())
    if phrase is None:
        return None
    words, told = phrase["words"].split(), (phrase["told"] or "").strip()
    words = _head(words) if told else _owner(words)
    if not words or (amount := _amount(words[-1:])):
        return amount if words else None
    if singular(words[0]) in _TIMES or singular(words[-1]) in _TIMES:
        return Wanted("time")
    if _are_several(words, phrase["then"].strip(), told):
        return Wanted("list")
    person = "" if told else next((word for word in words if _is_person(word)), "")
    return Wanted("list" if _is_plural(person) else "person") if person else None


def _head(words: Sequence[str]) -> Sequence[str]:
    """Return the words behind what something belongs to: the manager's | win rate."""
    return words[max((k for k, word in enumerate(words, 1) if word.endswith("'s")), default=0) :]


def _owner(words: Sequence[str]) -> Sequence[str]:
    """Return the words up to the one that has something: which swimmer's | final."""
    end = next((k for k, word in enumerate(words, 1) if word.endswith("'s")), len(words))
    return [word.removesuffix("'s") for word in words[:end]]


def _amount(words: Sequence[str]) -> Wanted | None:
    found = _AMOUNT_OF.get(words[0]) if words else None
    return Wanted("number", *found) if found else None


def _is_person(word: str) -> bool:
    return singular(word) in _MORE_PEOPLE or is_one_of(PEOPLE, word)


def _are_several(words: Sequence[str], then: str, told: str) -> bool:
    """Tell whether the words name several things: three of them, kinds, directors. A later word
    in s may be a verb (which studio makes), unless an auxiliary follows."""
    if words[0] in _COUNTS or words[0].isdigit():
        return True
    if told in ("is", "was", "'s"):
        return False
    return _is_plural(words[0]) or (
        _is_plural(words[-1]) and (then in _AUXILIARY or told in ("are", "were"))
    )


def _is_plural(word: str) -> bool:
    return word in ("people", "children") or (word.endswith("s") and not _NO_PLURAL.search(word))
