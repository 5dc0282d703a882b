"""rag.corrected: figures that a text sets right."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from rag.claims import Claim
from rag.corrected import corrections, with_corrected
from rag.types import Article, Run, Span

COAL = "本报14日一文有两处差错：煤炭吞吐量“1085万吨”应为“1058万吨”，降幅“3.1%”应为“5.5%”。"
TRIAL = "高剂量组因不良反应退出的人数应为28人，而非此前所说的38人。"
OPENED = "An earlier report gave the opening date as September 22; it was September 15."
VISITS = "此前公布的接待游客2148万人次，因两家景区重复报数，现核减为2091万人次。"


@dataclass(frozen=True)
class Passage:
    article: Article
    span: Span
    score: float = 1.0


def page(text: str, name: str = "a") -> Article:
    return Article(name, f"{name}.txt", text, (Run(0, 0, len(text)),))


def answered(question: str, read: str, *texts: str) -> str:
    """The best answer, where that was read in the first of the texts that has it."""
    pages = [page(text, str(n)) for n, text in enumerate(texts)]
    where = next(p for p in pages if read in p.text)
    at = where.text.index(read)
    claim = Claim(read, 5.0, ((where, Span(at, at + len(read))),), 0, ())
    passages = [Passage(p, Span(0, len(p.text))) for p in pages]
    return with_corrected(question, [claim], passages)[0].text


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        (COAL, [("1085", "1058万吨"), ("3.1", "5.5%")]),
        (TRIAL, [("38", "28人")]),
        (OPENED, [("September 22", "September 15")]),
        (VISITS, [("2148", "2091万人次")]),
        ("It opened on September 22; it was September 15 when they left.", []),
        ("补贴由2000元提高到2600元，人数应为整数。", []),
    ],
)
def test_what_is_set_right_is_found(text: str, pairs: list[tuple[str, str]]):
    whole = [Passage(page(text), Span(0, len(text)))]
    found = [(c.wrong, text[c.right.start : c.right.end]) for c in corrections(whole)]
    assert found == pairs


@pytest.mark.parametrize(
    ("question", "read", "texts", "answer"),
    [
        ("煤炭吞吐量是多少？", "1085万吨", (COAL,), "1058万吨"),
        ("煤炭吞吐量是多少？", "1085万吨", ("全港煤炭吞吐量1085万吨。", COAL), "1058万吨"),
        ("When did it really open?", "September 22", (OPENED,), "September 15"),
        ("接待了多少游客？", "2148万人次", (VISITS,), "2091万人次"),
    ],
)
def test_the_right_figure_comes_first(
    question: str, read: str, texts: tuple[str, ...], answer: str
):
    assert answered(question, read, *texts) == answer


@pytest.mark.parametrize(
    ("question", "read", "texts"),
    [
        ("煤炭吞吐量最初印成多少？", "1085万吨", (COAL,)),  # the wrong one is asked for
        ("学校占地多少？", "1085亩", ("学校占地1085亩。", COAL)),  # of something else
        ("退出的有几人？", "28人", (TRIAL,)),  # the right one is read
    ],
)
def test_another_figure_is_left_alone(question: str, read: str, texts: tuple[str, ...]):
    assert answered(question, read, *texts) == read
