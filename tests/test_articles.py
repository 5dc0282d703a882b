"""rag.articles: one page, several stories; every character in exactly one, every offset true."""

import random
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import messes, pages

from rag.articles import split_articles
from rag.repair import repair
from rag.sources import read_sources
from rag.types import Source, Span, essence, is_ignorable

SEEDS = list(read_sources(Path(__file__).parent.parent / "seeds"))
PLAN = "松江新区管委会昨天公布产业规划，到2030年建成12个园区。首批3个园区已经动工，明年交付。"
KNEE = "一项新研究显示，调整步态训练可以减轻膝关节疼痛。参与者走路时稍微转动脚尖，疼痛明显下降。"
GAMES = "全球首个人形机器人运动会在北京拉开帷幕，280支队伍参加比赛，障碍赛引发全场欢呼。"


def split(*lines, **more):
    return split_articles(Source("a.txt", "\n".join(lines), **more))


def check_tiles(article):
    at = 0
    for run in article.runs:
        assert run.in_article == at
        assert run.length > 0
        at += run.length
    assert at == len(article.text)


def check_spans(article, raw, rng):
    for _ in range(6):
        start, end = sorted(rng.choices(range(len(article.text) + 1), k=2))
        spans = article.to_source(Span(start, end), raw)
        assert all(0 <= a < b <= len(raw) for a, b in spans)
        assert essence("".join(raw[a:b] for a, b in spans)) == essence(article.text[start:end])


def check_partition(articles, raw):
    text, origin = repair(raw)
    wanted = [int(place) for c, place in zip(text, origin, strict=True) if not is_ignorable(c)]
    held = [a.origin(i) for a in articles for i, c in enumerate(a.text) if not is_ignorable(c)]
    assert sorted(held) == wanted


any_page = st.one_of(pages(), pages(), messes)


@settings(max_examples=60, deadline=None)
@given(any_page)
def test_runs_tile_the_text(raw):
    for article in split_articles(Source("a.txt", raw)):
        check_tiles(article)


@settings(max_examples=60, deadline=None)
@given(any_page, st.integers(0, 2**32))
def test_any_span_leads_to_the_same_words_in_the_source(raw, seed):
    for article in split_articles(Source("a.txt", raw)):
        check_spans(article, raw, random.Random(seed))


@settings(max_examples=60, deadline=None)
@given(any_page)
def test_every_character_is_in_exactly_one_article(raw):
    check_partition(split_articles(Source("a.txt", raw)), raw)


@settings(max_examples=40, deadline=None)
@given(any_page)
def test_articles_have_text_and_identities_of_their_own(raw):
    articles = split_articles(Source("a.txt", raw))
    assert all(a.text.strip() for a in articles)
    assert len({a.id for a in articles}) == len(articles)


@pytest.mark.parametrize("source", SEEDS, ids=lambda s: s.name[:3])
def test_seed_articles_tile_and_partition_their_page(source):
    articles = split_articles(source)
    for article in articles:
        check_tiles(article)
        check_spans(article, source.text, random.Random(1))
    check_partition(articles, source.text)


def test_the_seed_pages_hold_thirteen_articles():
    assert [len(split_articles(source)) for source in SEEDS] == [3, 4, 3, 1, 2]


def test_the_second_seed_page_is_parted_where_its_four_stories_part():
    # the second begins below its headline, at the end of the page, and ends with its mark
    told = [
        ((a.title or "")[:6], a.byline, a.published, a.text.strip()[-6:])
        for a in split_articles(SEEDS[1])
    ]
    assert told == [
        ("", None, "2025-08-16", "月16日电）"),
        ("“破茧进化”", "新华社记者 董素玉 王君璐 郭宇靖", "2025-08-16", "月16日电）"),
        ("夯实民生之基", "新华社记者 张晓洁", "2025-08-17", "月17日电）"),
        ("新研究： 调", None, "2025-08-17", "且耗时较长。"),
    ]


def test_the_same_page_gives_the_same_articles():
    assert split_articles(SEEDS[1]) == split_articles(SEEDS[1])


@pytest.mark.parametrize("text", ["", " \n\u3000\n", "\ufeff"], ids=["empty", "blank", "mark"])
def test_a_source_without_words_has_no_article(text):
    assert split_articles(Source("a.txt", text)) == []


def test_end_marks_part_two_stories():
    one, two = split(PLAN + "（新华社北京8月16日电）", KNEE + "（新华社洛杉矶8月17日电）")
    assert (one.text[:4], two.text[:4]) == ("松江新区", "一项新研")


def test_a_dateline_begins_a_story():
    one, two = split(PLAN, "新华社洛杉矶8月17日电 " + KNEE)
    assert (one.text, two.text[:6]) == (PLAN, "新华社洛杉矶")


def test_a_headline_and_byline_become_title_and_byline():
    (article,) = split("松江新区公布产业规划", "本报记者 李明", PLAN)
    assert (article.title, article.byline) == ("松江新区公布产业规划", "本报记者 李明")


def test_a_bylined_headline_parts_two_stories():
    one, two = split(PLAN + "（完）", "新研究：步态训练减轻膝关节疼痛", "新华社记者 张晓洁", KNEE)
    assert (one.title, two.title) == (None, "新研究：步态训练减轻膝关节疼痛")


def test_a_page_in_traditional_characters_is_parted_as_in_simplified():
    page = (
        *("環狀線昨日通車", "", "記者 簡立恆", ""),
        *("港都環狀線昨日上午正式通車，首日運量達十二萬人", "次，超出預期近三成。", ""),
        *("全市換書集市開場", "", "記者 溫舒雅", ""),
        *("圖書館二十三日在十八個分館辦換書集市，憑一本換一本，教", "材與雜誌不換。"),
    )
    told = [(a.title, a.byline, a.text[-5:]) for a in split(*page)]
    assert told == [
        ("環狀線昨日通車", "記者 簡立恆", "期近三成。"),
        ("全市換書集市開場", "記者 溫舒雅", "雜誌不換。"),
    ]


def test_a_headline_printed_behind_its_story_comes_first_in_it():
    one, two = split(
        PLAN + "（新华社上海8月16日电）",
        GAMES + "（新华社北京8月16日电）",
        "人形机器人运动会在北京拉开帷幕",
        "新华社记者 董素玉",
    )
    assert one.title is None
    assert two.title == "人形机器人运动会在北京拉开帷幕"
    assert two.text.startswith(two.title)


def test_section_headings_do_not_part_a_story():
    assert len(split("松江新区公布产业规划", "本报记者 李明", PLAN, "园区动工", PLAN, KNEE)) == 1


def test_a_column_of_signed_quotations_is_an_article_of_its_own():
    quotes = ["“科学是长期的坚持。”", "——中国科学院院士 薛其坤", "“创新需要耐心。”"]
    articles = split(PLAN, GAMES, *quotes, "——中国科学院院士 张 涛", KNEE)
    assert ["\n".join([*quotes, "——中国科学院院士 张涛"])] == [
        a.text for a in articles if "薛其坤" in a.text
    ]


def test_two_headlines_over_nothing_but_signed_quotations_are_kept():
    quotes = ["“科学是长期的坚持。”", "——中国科学院院士 薛其坤"] * 2
    articles = split(PLAN + "（完）", "新区的明天", "——院士寄语", "本报记者 李明", *quotes)
    text = "\n".join(a.text for a in articles)
    assert text.count("新区的明天") == text.count("——院士寄语") == 1


def test_a_story_without_a_headline_is_not_parted():
    storm = "台风“海葵”预计明天傍晚在沿海登陆，市防汛办昨晚启动三级响应，渔船全部回港避风。"
    trains = "铁路部门公布，今明两天停运列车42列，旅客可在车站窗口办理退票，不收手续费。"
    schools = "市教育局通知，全市中小学和幼儿园明天停课一天，校外培训机构同时停业。"
    assert len(split(storm, trains, schools)) == 1


def test_a_source_with_a_title_is_one_article():
    (article,) = split(PLAN + "（完）", "本报记者 李明", KNEE, title="题", published="2025-01-02")
    assert (article.title, article.published) == ("题", "2025-01-02")


def test_only_titles_and_bylines_still_make_an_article():
    (article,) = split("松江新区公布产业规划", "本报记者 李明")
    assert article.text == "松江新区公布产业规划\n本报记者 李明"


def test_two_bylines_in_a_row_are_both_kept():
    articles = split("本报记者 李明", "新华社记者 张晓洁", PLAN)
    text = "\n".join(a.text for a in articles)
    assert (text.count("李明"), text.count("张晓洁")) == (1, 1)


def test_articles_come_in_the_order_of_the_page():
    articles = split(*(PLAN.replace("松江", f"{c}江") + "（完）" for c in "甲乙丙丁"))
    firsts = [a.origin(0) for a in articles]
    assert len(articles) == 4
    assert all(a < b for a, b in pairwise(firsts))


def test_the_date_of_the_end_mark_is_the_date_of_publication():
    (article,) = split(PLAN + "2025年8月15日开工。（新华社北京8月16日电）")
    assert article.published == "2025-08-16"


def test_a_file_of_many_stories_takes_linear_time():
    stories = [
        f"市里{n}号大桥今天通车\n本报记者 李明\n"
        + f"昨天上午，{n}号大桥建成，来自各区的{n * 3 + 7}名建设者参加了仪式。" * 3
        for n in range(600)
    ]
    started = time.perf_counter()
    articles = split(*(story + "\n（完）" for story in stories))
    assert len(articles) == 600
    assert time.perf_counter() - started < 5
