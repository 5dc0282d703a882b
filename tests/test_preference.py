"""Possible answers beside each other."""

from __future__ import annotations

import numpy as np

from rag.claims import Claim
from rag.confidence import RANKED_BY
from rag.kinds import asked_kind
from rag.preference import described
from rag.types import Article, Run, Span

TEXT = "松延动力7月交付人形机器人105台创了纪录，8月的目标是200台。"
QUESTION = "松延动力7月交付多少台?"


def claim(words: str, score: float, text: str = TEXT) -> Claim:
    article = Article("a", "a.txt", text, (Run(0, 0, len(text)),))
    start = text.index(words)
    told = (score, *[0.0] * (len(RANKED_BY) - 1))
    return Claim(words, score, ((article, Span(start, start + len(words))),), 0, told)


def test_every_answer_is_told_in_as_many_finite_numbers():
    answers = [claim("105台", 2.0), claim("200台", 1.0), claim("105台创了纪录", 0.0)]
    rows = described(QUESTION, asked_kind(QUESTION), answers)
    alone = described(QUESTION, asked_kind(QUESTION), answers[:1])
    assert rows.shape == (3, alone.shape[1])
    assert np.isfinite(rows).all()


def test_what_stands_beside_the_asking_word_is_looked_for_in_the_answer():
    answer, other = [claim("105台", 1.0)], [claim("105", 1.0)]
    kind = asked_kind(QUESTION)
    elsewhere = QUESTION.replace("台", "家")  # as long, and asked alike but for the unit
    assert (described(QUESTION, kind, answer) != described(elsewhere, kind, answer)).any()
    assert (described(QUESTION, kind, other) != described(elsewhere, kind, other)).any()


def test_an_answer_is_told_by_what_holds_it_and_what_it_holds():
    pair = [claim("105台创了纪录", 2.0), claim("105台", 1.0)]
    kind = asked_kind(QUESTION)
    together = described(QUESTION, kind, pair)
    apart = [described(QUESTION, kind, [one])[0] for one in pair]
    changed = [set(np.flatnonzero(together[n] != apart[n])) for n in range(2)]
    assert changed[0] and changed[1]
    assert changed[0] != changed[1]
