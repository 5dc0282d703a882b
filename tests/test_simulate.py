"""eval.simulate and what it prints by: the same seed, the same page; nothing of a story is lost."""

from random import Random

import numpy as np
import pytest

from eval.damage import clean_lines
from eval.orders import ORDERS
from eval.printed import printed
from eval.simulate import NONE, pages, pages_of, simulated
from eval.splitting import PAGES
from eval.stories import COLLECTED, Story, asked, headline, in_short, written_stories
from rag.repair import repair
from rag.types import essence

STORIES = written_stories(PAGES / "truth" / f"{n:02}.json" for n in (7, 9, 17, 21))
NAMES = [order.__name__.strip("_") for order in ORDERS]


@pytest.mark.parametrize("order", list(ORDERS), ids=NAMES)
def test_an_order_prints_every_part_of_every_story_once(order):
    stands = [printed(story, Random(n)) for n, story in enumerate(STORIES)]
    blocks = order(stands, Random(2))
    told = sorted((n, k) for n, parts, _ in blocks for k in parts)
    wanted = [(n, k) for n, one in enumerate(stands) for k in sorted([*one.head, *one.body])]
    assert told == wanted


@pytest.mark.parametrize("seed", range(6))
def test_nothing_of_a_story_is_lost_on_its_page(seed):
    page = simulated(STORIES[:3], Random(seed))
    for number, article in enumerate(page.articles):
        for k, part in enumerate(article.parts):
            held = page.place[(page.article == number) & (page.part == k)]
            wanted = [i for i, c in enumerate(part.text) if essence(c)]
            assert sorted(set(held.tolist())) == wanted


def test_page_furniture_is_of_no_article():
    for page in pages(STORIES * 6, 12, seed=4):
        added = "".join(page.text[i] for i in np.flatnonzero(page.article == NONE).tolist())
        story = "".join(part.text for one in page.articles for part in one.parts)
        assert len(essence(added)) < 0.2 * len(essence(story)) + 200


def test_a_page_is_of_one_language():
    for page in pages(STORIES * 6, 20, seed=5):
        scripts = {one.parts[-1].text[:40].isascii() for one in page.articles}
        assert len(scripts) == 1


def test_other_seeds_give_other_pages():
    texts = {next(pages(STORIES, 1, seed=n)).text for n in range(8)}
    assert len(texts) == 8


def test_a_written_page_is_made_of_the_clean_text_of_its_articles():
    for story in STORIES:
        assert all(clean_lines(paragraph) == [paragraph] for paragraph in story.body)


def test_a_headline_is_made_of_the_words_of_its_story():
    body = "松江新区昨天公布产业规划，首批园区已经动工建设，明年将会全部交付使用。"
    made = {headline(body, Random(n)) for n in range(40)}
    made = {one for one in made if not one.endswith(COLLECTED)}  # 国际短讯 tells of no story
    assert len(made) > 3
    assert all(set(one) <= set(body) | set("：， “”") for one in made)


def test_repair_of_simulated_pages_is_idempotent():
    for page in pages(STORIES * 6, 12, seed=6):
        once = repair(page.text).text
        assert repair(once).text == once


def test_a_story_of_two_words_is_printed_too():
    page = simulated([Story("短讯", ("完。", "好。"))], Random(1))
    assert "完" in page.text


def test_a_column_of_short_news_is_made_of_the_openings_of_stories():
    (one,) = in_short(iter(STORIES[:5]), Random(1))
    assert set(one.body) <= {story.body[0] for story in STORIES}
    assert one.title.endswith(COLLECTED)


def test_questions_stand_above_their_answers():
    story = next(asked(iter(STORIES), Random(1)))
    assert all(text.startswith("问：") for text in story.body[::2])
    assert [text[2:] for text in story.body[1::2]] == list(STORIES[0].body[:7])


def test_sections_of_a_report_stand_under_headings():
    story = STORIES[0]._replace(sections=(2,))
    for seed in range(8):
        kinds = [part.kind for part in printed(story, Random(seed)).article.parts]
        assert "heading" in kinds


def test_texts_are_printed_on_pages_that_hold_them_all():
    texts = ["\n".join(story.body) for story in STORIES]
    printed_on = list(pages_of([*texts, "短。"], Random(3)))
    assert 1 <= len(printed_on) <= len(texts)
    held = "".join(essence(repair(page.text).text) for page in printed_on)
    for text in texts:  # the openings of paragraphs, which no wrap and no column parts
        openings = [essence(p)[:6] for p in text.split("\n")]
        assert sum(opening in held for opening in openings) >= 0.8 * len(openings)
