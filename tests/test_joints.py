"""rag.articles.joints: where stories may meet inside a paragraph."""

from random import Random

import pytest

from rag.articles import split_articles
from rag.articles.joints import breaks_of, parts_of
from rag.articles.lines import find_lines
from rag.repair import repair
from rag.types import Source, Span

BOATS = "江边的老船工们把汽笛拉响，一共八十六声。"
BOOK = "全书最动人的是注解里的沉默，一天看了一百多个病人，游医生只写了三个字。"


def wrapped(text, width, end="\n"):
    return "".join(text[i : i + width] + end for i in range(0, len(text), width))


def parts(raw):
    repaired = repair(raw)
    (start, stop) = 0, len(repaired.text)
    return [repaired.text[a:b] for a, b in parts_of(raw, repaired, Span(start, stop))]


def test_a_full_line_that_ends_a_sentence_above_another_column_ends_a_part():
    raw = BOATS + "\n" + wrapped(BOOK * 3, 20, "\r\n")
    assert repair(raw).text.count("\n") == 0
    assert parts(raw) == [BOATS, BOOK * 3]


@pytest.mark.parametrize("width", [9, 14, 20, 31])
def test_a_paragraph_of_one_column_stays_in_one_part(width):
    raw = wrapped(BOOK * 4, width)
    assert parts(raw) == [repair(raw).text]


def test_an_english_headline_joined_to_the_text_above_it_is_a_headline():
    raw = (
        "They may vote if\nthey want to do it\nas the law says, and\nI have the keys.\n"
        "Museum of mistakes opens its doors\n"
    )
    lines = find_lines(raw, repair(raw))
    assert [line.text for line in lines if line.kind == "head"] == [
        "Museum of mistakes opens its doors"
    ]


def test_parts_of_a_paragraph_are_one_paragraph_again_where_no_story_ends():
    raw = BOOK * 2 + "\n" + wrapped(BOOK * 3, 36, "\r\n")
    (article,) = split_articles(Source("a.txt", raw))
    assert article.text == repair(raw).text


@pytest.mark.parametrize("seed", range(20))
def test_parts_leave_nothing_out(seed):
    rng = Random(seed)
    raw = "".join(wrapped(BOATS + BOOK, rng.randint(8, 30), rng.choice(("\n", "\r\n", " \n"))) for _ in range(4))  # noqa: E501
    repaired = repair(raw)
    assert "".join(parts(raw)) == repaired.text
    for at in breaks_of(raw, repaired, Span(0, len(repaired.text))):
        assert "\n" in raw[repaired.origin[at - 1] : repaired.origin[at]]
