"""rag.chunks: chunks cover the article, fit the limit and are slices of it."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import messes, pages

from rag.articles import split_articles
from rag.chunks import LATIN_STRETCH, sentences, split_chunks
from rag.terms import is_chinese
from rag.types import Article, Run, Source, Span

FIRST, SECOND, THIRD = "今年7月交付机器人105台。", "8月的目标是200台！", "公司对此很有信心。"


def article(text):
    return Article("a1", "a.txt", text, (Run(0, 0, len(text)),))


def texts(text, max_chars, overlap_chars=0):
    chunks = split_chunks(article(text), max_chars, overlap_chars)
    return [text[c.span.start : c.span.end] for c in chunks]


@st.composite
def chunkings(draw):
    """Return an article and its chunks."""
    raw = draw(st.one_of(pages(), messes.filter(str.strip)))
    found = draw(st.sampled_from(split_articles(Source("a.txt", raw)) or [article("字")]))
    return found, split_chunks(found, draw(st.integers(1, 80)), draw(st.integers(0, 40)))


@settings(max_examples=60, deadline=None)
@given(chunkings())
def test_chunks_cover_the_article(chunking):
    found, chunks = chunking
    covered = {i for c in chunks for i in range(*c.span)}
    assert all(i in covered or c.isspace() for i, c in enumerate(found.text))


@settings(max_examples=60, deadline=None)
@given(pages(), st.integers(1, 400), st.integers(0, 400))
def test_chunks_fit(raw, max_chars, overlap_chars):
    for found in split_articles(Source("a.txt", raw)):
        most = max_chars if is_chinese(found.text) else int(LATIN_STRETCH * max_chars)
        for chunk in split_chunks(found, max_chars, overlap_chars):
            assert 0 < chunk.span.end - chunk.span.start <= most


def test_a_chunk_of_english_says_as_much_as_one_of_chinese():
    said = "In July the company delivered 105 robots to its customers in three cities. "
    longest = max(len(text) for text in texts(20 * said, 300, 90))
    assert 650 < longest <= 750
    assert max(len(text) for text in texts(20 * "今年7月交付机器人105台。", 300, 90)) <= 300


@settings(max_examples=60, deadline=None)
@given(chunkings())
def test_chunks_are_slices_of_their_article_in_order(chunking):
    found, chunks = chunking
    assert all(c.article_id == found.id for c in chunks)
    assert all(found.text[c.span.start : c.span.end].strip() for c in chunks)
    for a, b in pairwise(c.span for c in chunks):
        assert a.start < b.start
        assert a.end < b.end


@settings(max_examples=60, deadline=None)
@given(messes)
def test_sentences_cover_the_text_without_overlap(text):
    found = sentences(text)
    assert all(a.end <= b.start for a, b in pairwise(found))
    covered = {i for span in found for i in range(*span)}
    assert all(i in covered or c.isspace() for i, c in enumerate(text))


def test_whole_sentences_share_a_chunk_while_they_fit():
    assert texts(FIRST + SECOND + THIRD, 26) == [FIRST + SECOND, THIRD]


def test_the_last_sentence_begins_the_next_chunk_where_it_fits():
    assert texts(FIRST + SECOND + THIRD, 26, 12) == [FIRST + SECOND, SECOND + THIRD]


def test_a_last_sentence_longer_than_the_overlap_is_not_repeated():
    assert texts(FIRST + SECOND + THIRD, 26, 5) == [FIRST + SECOND, THIRD]


def test_a_long_sentence_is_cut_at_its_clauses():
    assert texts("春天来了，花都开了，鸟在唱歌。", 10) == ["春天来了，花都开了，", "鸟在唱歌。"]


def test_a_clause_without_a_sign_is_cut_between_characters():
    assert texts("一二三四五六七", 3) == ["一二三", "四五六", "七"]


def test_a_short_article_is_one_chunk():
    assert split_chunks(article(FIRST), 300, 90)[0].span == Span(0, len(FIRST))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param(FIRST + SECOND, [FIRST, SECOND], id="Chinese"),
        pytest.param("“走吧！”他说。好。", ["“走吧！”", "他说。", "好。"], id="closing quotes"),
        pytest.param("It cost 3.5 dollars. Cheap!", ["It cost 3.5 dollars.", "Cheap!"], id="point"),
        pytest.param("标题\n正文。", ["标题", "正文。"], id="paragraphs"),
        pytest.param("等等……好。", ["等等……", "好。"], id="dots"),
        pytest.param("", [], id="empty"),
        pytest.param(" \n ", [], id="blank"),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text, wanted):
    assert [text[a:b] for a, b in sentences(text)] == wanted
