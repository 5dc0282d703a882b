"""eval.reprinted: the articles of pages we wrote, printed anew."""

from random import Random

import numpy as np
import pytest

from eval.reprinted import reprinted
from eval.simulate import NONE
from eval.splitting import written_articles
from eval.stories import is_english

WRITTEN = written_articles("stories", (1, 13))
PAGES = list(reprinted(WRITTEN, 3, Random(1)))


def test_every_page_is_printed_so_many_times():
    assert [page.name for page in PAGES[2:4]] == ["reprint-00-02.txt", "reprint-01-00.txt"]
    assert len(PAGES) == 6


def test_the_same_seed_gives_the_same_pages():
    assert [p.text for p in reprinted(WRITTEN, 3, Random(1))] == [p.text for p in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_part_of_every_article_is_printed(page):
    for number, article in enumerate(page.articles):
        found = set(np.unique(page.part[page.article == number]).tolist()) - {NONE}
        assert found == set(range(len(article.parts)))


def test_pages_are_of_one_language():
    for page in PAGES:
        assert len({is_english(article.parts[-1].text) for article in page.articles}) == 1
