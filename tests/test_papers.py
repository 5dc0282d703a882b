"""eval.papers and eval.habits: pages made up as papers make them up, and what is printed around
their stories is told for what it is."""

from collections import Counter
from random import Random

import pytest

from eval.habits import byline, closing, furniture_line, house_of, jump_line
from eval.papers import papers
from eval.printed import printed
from eval.splitting import PAGES, _same_title
from eval.stories import written_stories
from rag.articles.kinds import END_MARK, kind_of
from rag.types import Article

STORIES = written_stories(PAGES / "truth" / f"{n:02}.json" for n in range(1, 30, 2))
CHINESE = [story for story in STORIES if not story.body[0].isascii()]
ENGLISH = [story for story in STORIES if story.body[0].isascii()]


def test_no_story_is_printed_twice():
    told = Counter(
        part.text
        for page in papers(CHINESE, ENGLISH, Random(1))
        for article in page.articles
        for part in article.parts
        if part.kind == "title"
    )
    assert len(told) > 20
    assert max(told.values()) == 1


def test_papers_hold_one_story_and_several():
    sizes = {len(page.articles) for page in papers(CHINESE, ENGLISH, Random(2))}
    assert 1 in sizes
    assert max(sizes) >= 3


def test_every_page_draws_habits_of_its_own():
    houses = [house_of(Random(n)) for n in range(40)]
    assert len(set(houses)) == 40
    assert min(one.signed for one in houses) < 0.1
    assert max(one.signed for one in houses) > 0.9


@pytest.mark.parametrize("seed", range(30))
def test_most_lines_of_the_page_are_told_as_its_own(seed):
    rng = Random(seed)
    lines = [jump_line(rng), *(furniture_line(rng) for _ in range(20))]
    told = [kind_of(line, ended=False) for line in lines]
    assert told[0] == "furniture"
    assert told.count("furniture") >= 17  # 国际新闻 may be the headline of a column


def test_bylines_of_every_form_are_told():
    rng = Random(3)
    told = Counter(kind_of(byline(rng), ended=False) for _ in range(300))
    assert told["byline"] > 270  # a bare name is one only below a headline


@pytest.mark.parametrize("words", ["记者了解到", "记者看到", "有记者提问", "外国记者表示"])
def test_what_reporters_do_is_no_byline(words):
    assert kind_of(words, ended=False) != "byline"


@pytest.mark.parametrize("form", ["（据新华社电）", "（作者系省社科院研究员）", "（完）"])
def test_what_was_taken_from_elsewhere_ends_a_story(form):
    assert END_MARK.search(f"项目明年完工。{form}")


def test_an_end_mark_with_a_date_tells_the_day():
    marks = {closing("8月16日", Random(n)) for n in range(60)}
    assert any("8月16日电）" in mark for mark in marks)


def test_a_title_is_right_with_its_kicker_or_without():
    house = house_of(Random(0))._replace(titled=1.0, kicked=1.0, subtitled=0.0)
    true = printed(CHINESE[0], Random(1), house).article
    kicker, title = true.text("kicker"), true.text("title")
    for told, right in ((title, True), (f"{kicker} {title}", True), (kicker, False)):
        assert _same_title(true, Article("1", "x.txt", "", (), told, None, None)) is right
