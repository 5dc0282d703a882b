"""eval.splitting and eval.simulate: the truth of a page, and what is counted against it."""

from random import Random

import numpy as np
import pytest

from eval.simulate import NONE, pages
from eval.splitting import PAGES, Tally, written_page
from eval.stories import written_stories
from rag.types import Article, Run, essence

STORIES = written_stories(PAGES / "truth" / f"{n:02}.json" for n in (1, 3, 5))


@pytest.mark.parametrize("page", list(pages(STORIES, 4, seed=1)), ids=lambda p: p.name)
def test_every_character_of_a_simulated_page_is_that_of_its_article(page):
    for i in np.flatnonzero(page.article != NONE).tolist():
        part = page.articles[page.article[i]].parts[page.part[i]]
        assert essence(page.text[i]) == essence(part.text[page.place[i]])


def test_the_same_seed_gives_the_same_pages():
    one, two = (next(pages(STORIES, 1, seed=Random(3).randint(0, 9))) for _ in range(2))
    assert one.text == two.text


def test_a_page_taken_for_one_article_misses_every_border():
    page = written_page("01")
    whole = Article("a", page.name, page.text, (Run(0, 0, len(page.text)),))
    tally = Tally()
    tally.add(page, [whole])
    measures = tally.measures()
    assert (measures["boundary recall"], measures["whole"]) == (0.0, 0.0)
