"""Repair and splitting on simulated pages, whose damage is that of page extraction: what must hold
of any page, whatever is recognised on it."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.simulate import TruePage, simulated
from eval.splitting import PAGES
from eval.stories import written_stories
from rag.articles import split_articles
from rag.repair import repair
from rag.types import Source, Span, essence, is_ignorable

STORIES = written_stories(PAGES / "truth" / f"{n:02}.json" for n in (7, 9, 17, 21))


@st.composite
def damaged_pages(draw: st.DrawFn) -> TruePage:
    """One to three stories of one language, printed and damaged by a seed."""
    chosen = draw(st.lists(st.sampled_from(STORIES), min_size=1, max_size=3, unique=True))
    kept = [s for s in chosen if s.body[0].isascii() == chosen[0].body[0].isascii()]
    return simulated(kept, Random(draw(st.integers(0, 2**32))))


@settings(max_examples=15, deadline=None)
@given(damaged_pages())
def test_mending_a_damaged_page_twice_is_mending_it_once(page):
    once = repair(page.text).text
    assert repair(once).text == once


@settings(max_examples=15, deadline=None)
@given(damaged_pages())
def test_every_character_of_a_mended_page_leads_to_the_one_printed(page):
    text, origin = repair(page.text)
    assert (origin[1:] > origin[:-1]).all()
    printed = "".join(page.text[i] for i in origin)
    assert all(essence(a) == essence(b) for a, b in zip(text, printed, strict=True))


@settings(max_examples=10, deadline=None)
@given(damaged_pages())
def test_pieces_tile_their_articles_and_articles_the_page(page):
    held = []
    for article in split_articles(Source(page.name, page.text)):
        at = 0
        for run in article.runs:
            assert run.in_article == at
            at += run.length
        assert at == len(article.text)
        held += [article.origin(i) for i, c in enumerate(article.text) if not is_ignorable(c)]
    text, origin = repair(page.text)
    wanted = [int(i) for c, i in zip(text, origin, strict=True) if not is_ignorable(c)]
    assert sorted(held) == wanted


@settings(max_examples=10, deadline=None)
@given(damaged_pages(), st.data())
def test_any_words_of_an_article_are_found_again_in_the_page(page, data):
    article = data.draw(st.sampled_from(split_articles(Source(page.name, page.text))))
    start = data.draw(st.integers(0, len(article.text)))
    end = data.draw(st.integers(start, min(len(article.text), start + 60)))
    spans = article.to_source(Span(start, end), page.text)
    assert essence("".join(page.text[a:b] for a, b in spans)) == essence(article.text[start:end])


@pytest.mark.parametrize("seed", range(3))
def test_no_word_of_a_page_is_lost_or_told_twice(seed):
    page = simulated(STORIES[:2], Random(seed))
    mended = "".join(a.text for a in split_articles(Source("a", page.text)))
    assert sorted(essence(mended)) == sorted(essence(repair(page.text).text))
