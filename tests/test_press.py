"""eval.press: stories printed as real PDFs, read back, and of which article each character is."""

import numpy as np
import pytest

from eval.press import pressed_pages
from eval.simulate import NONE
from eval.splitting import PAGES, measure
from eval.stories import written_stories
from rag.types import essence

STORIES = written_stories(PAGES / "truth" / f"{n:02}.json" for n in range(1, 20, 2))
PRESSED = list(pressed_pages(STORIES, 8, seed=3))


@pytest.mark.parametrize("page", PRESSED, ids=lambda p: p.name)
def test_every_character_is_that_of_its_article_and_none_is_lost(page):
    for i in np.flatnonzero(page.article != NONE).tolist():
        part = page.articles[page.article[i]].parts[page.part[i]]
        assert essence(page.text[i]) == essence(part.text[page.place[i]])
    for number, article in enumerate(page.articles):
        wanted = sum(len(essence(part.text)) for part in article.parts)
        assert int((page.article == number).sum()) == wanted


def test_the_same_seed_gives_the_same_pages():
    one, two = (next(pressed_pages(STORIES, 1, seed=5)).text for _ in range(2))
    assert one == two


def test_stories_come_out_of_pdfs_whole():
    measures = measure(PRESSED).measures()
    assert measures["articles mapped wrongly"] == 0
    assert measures["character error rate"] < 0.005
    assert measures["boundary F1"] > 0.75  # taken as plain text, without the type: 0.55
    assert measures["whole"] > 0.75
