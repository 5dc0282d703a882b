"""The values of rag.types: what counts as the same words, and the way from article to source."""

import dataclasses
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.types import Answer, Article, Citation, Hit, Run, Source, Span, essence, is_ignorable

RAW = "题\n\n7月\n交付105台。"
# the headline is printed first here but stands last in the article
ARTICLE = Article(
    "a1", "a.txt", "7月交付105台。\n题", (Run(0, 3, 2), Run(2, 6, 7), Run(9, 1, 1), Run(10, 0, 1))
)


@pytest.mark.parametrize(
    ("char", "ignored"),
    [
        pytest.param(" ", True, id="blank"),
        pytest.param("\u3000", True, id="ideographic blank"),
        pytest.param("\n", True, id="newline"),
        pytest.param("\x00", True, id="control"),
        pytest.param("\u00ad", True, id="soft hyphen"),
        pytest.param("\ue000", True, id="private use"),
        pytest.param("，", False, id="comma"),
        pytest.param("-", False, id="hyphen"),
        pytest.param("台", False, id="Chinese character"),
    ],
)
def test_only_white_space_controls_formats_and_private_use_are_ignorable(char, ignored):
    assert is_ignorable(char) is ignored


@given(st.text())
def test_essence_follows_the_contract_to_the_letter(text):
    kept = [
        c for c in text if not c.isspace() and unicodedata.category(c) not in ("Cc", "Cf", "Co")
    ]
    assert essence(text) == unicodedata.normalize("NFKC", "".join(kept))


def test_origin_gives_the_raw_place_of_every_character():
    assert [RAW[ARTICLE.origin(i)] for i in range(len(ARTICLE.text))] == list(ARTICLE.text)


def test_a_span_over_a_hard_wrap_comes_back_in_one_piece():
    assert ARTICLE.to_source(Span(0, 9), RAW) == (Span(3, 13),)


def test_a_span_over_moved_text_comes_back_in_the_order_of_the_article():
    spans = ARTICLE.to_source(Span(5, 11), RAW)
    assert "".join(RAW[a:b] for a, b in spans).split() == ["05台。", "题"]


def test_a_deleted_hyphen_keeps_two_spans_apart():
    raw = "inter-\nnational"
    article = Article("a", "a.txt", "international", (Run(0, 0, 5), Run(5, 7, 8)))
    assert article.to_source(Span(0, 13), raw) == (Span(0, 5), Span(7, 15))


def test_an_empty_span_has_no_place_in_the_source():
    assert ARTICLE.to_source(Span(3, 3), RAW) == ()


def test_a_hit_and_a_citation_quote_slices_of_their_article():
    hit = Hit(1, ARTICLE, Span(2, 8), (Span(6, 12),), 1.0)
    citation = Citation(1, ARTICLE, Span(0, 9), (Span(4, 8),), (Span(3, 13),), (Span(8, 12),))
    assert (hit.text, citation.quote) == ("交付105台", "7月交付105台。")


def test_an_answer_prints_every_field_of_the_contract():
    citation = Citation(1, ARTICLE, Span(0, 9), (Span(4, 8),), (Span(3, 13),), (Span(8, 12),))
    hit = Hit(1, ARTICLE, Span(0, 9), (Span(3, 13),), 0.123456)
    answer = Answer("多少？", "105台", "105台 [1]", False, 0.91, (citation,), (hit,))
    printed = answer.to_json()
    wanted = {"question", "answer", "text", "refused", "confidence", "citations", "hits"}
    assert wanted | {"milliseconds"} <= set(printed)
    assert printed["citations"][0] == {
        "marker": 1,
        "source": "a.txt",
        "page": None,
        "article_id": "a1",
        "title": None,
        "published": None,
        "spans": [[3, 13]],
        "quote": "7月交付105台。",
        "answer_spans": [[8, 12]],
    }
    of_contract = {"rank", "source", "article_id", "spans", "text", "score"}
    assert set(printed["hits"][0]) == of_contract | {"why", "same_as"}


def test_a_place_stands_on_the_last_page_that_starts_before_it():
    source = Source("a.pdf", "一二三四五六", pages=(0, 2, 2, 5))
    assert [source.page(i) for i in range(6)] == [1, 1, 3, 3, 3, 4]  # page 2 is empty
    assert Source("a.txt", "一").page(0) is None


def test_values_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ARTICLE.text = "other"
