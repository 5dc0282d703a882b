"""Answers put together, because no one place says what is asked for: in which order it is tried.

A list that the text numbers; a choice; several parts; then what follows from the figures told. Each
leaves the claims as they are where the question asks for something else, or a part is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rag.choices import asked_choice
from rag.claims import Claim, Passage
from rag.compared import with_choice, with_property
from rag.corrected import with_corrected
from rag.doubts import doubted, not_anothers
from rag.numbered import with_numbered
from rag.opposed import with_opposed
from rag.reckoned import with_reckoned
from rag.several import parts_asked, with_all_parts

Read = Callable[[str], list[Claim]]


def put_together(
    question: str, claims: list[Claim], passages: Sequence[Passage], read: Read
) -> list[Claim]:
    """Return the claims, with one put first that is put together, where the question asks for that
    and each part is found; else marked where they cannot be what is asked for. `read` answers
    another question over the same passages."""
    return doubted(question, _put_together(question, claims, passages, read))


def set_right(
    question: str, claims: list[Claim], passages: Sequence[Passage], named: str
) -> list[Claim]:
    """Return the claims of a question that asks nothing whole, with what follows from the figures
    told, or corrects them, or marked where they are not of what it names in `named`, its own words;
    nothing is gathered: its parts are those of the turn before."""
    if (found := with_reckoned(question, claims)) is not claims:
        return found
    if (found := with_corrected(question, claims, passages)) is not claims:
        return found
    return not_anothers(named, claims)


def _put_together(
    question: str, claims: list[Claim], passages: Sequence[Passage], read: Read
) -> list[Claim]:
    if (found := with_numbered(question, claims, passages)) is not claims:
        return found
    choice = asked_choice(question)
    if choice and (found := with_choice(choice, claims, passages, read)) is not claims:
        return found
    if not (choice and choice.names):
        if (found := with_property(question, claims, passages)) is not claims:
            return found
        each = [read(part) for part in parts_asked(question)]
        if each and (found := with_all_parts(question, claims, each)) is not claims:
            return found
    if (found := with_reckoned(question, claims)) is not claims:
        return found
    if (found := with_opposed(question, claims, read)) is not claims:
        return found
    return with_corrected(question, claims, passages)
