"""What a format tells of headlines (`HEADLINE` before each of their lines) parts a page."""

from hypothesis import given, settings
from hypothesis import strategies as st
from pages import messes, pages
from test_articles import check_partition, check_tiles

from rag.articles import split_articles
from rag.types import HEADLINE, Source, Span, essence

RAIN = "受台风影响，沿海多地降下大到暴雨，铁路部门临时停运列车四十余趟，多个景区关闭。"
SHELTER = "应急管理部门已经转移低洼地带居民三千多人，山区仍须防范次生灾害。"
BOATS = "渔民把船系在避风港里，整夜没有合眼，上一次见到这么大的浪还是二十年前的事情。"


def split(*blocks):
    raw = "\n\n".join(blocks)
    return raw, split_articles(Source("a.pdf", raw))


def head(*lines):
    return "\n".join(HEADLINE + line for line in lines)


def test_a_headline_begins_a_story_though_all_are_of_one_matter():
    raw, articles = split(head("台风登陆"), RAIN, SHELTER, head("渔港一夜"), BOATS)
    assert [a.title for a in articles] == ["台风登陆", "渔港一夜"]
    assert articles[1].text == f"渔港一夜\n{BOATS}"
    assert all(HEADLINE not in a.text for a in articles)
    spans = articles[1].to_source(Span(0, len(articles[1].text)), raw)
    assert essence("".join(raw[a:b] for a, b in spans)) == essence(articles[1].text)


def test_a_heading_that_is_no_headline_begins_none():
    _, articles = split(head("台风登陆"), RAIN, "转移居民", SHELTER, "渔港一夜", BOATS)
    assert [a.title for a in articles] == ["台风登陆"]


def test_kicker_headline_and_subtitle_are_one_head_and_a_byline_is_none_of_it():
    _, articles = split(head("本市防汛"), head("台风登陆"), head("列车停运"), "本报记者 王敏", RAIN)
    assert [(essence(a.title), a.byline) for a in articles] == [
        ("本市防汛台风登陆列车停运", "本报记者 王敏")
    ]


def test_the_lines_of_a_headline_are_of_it_whatever_they_look_like():
    _, articles = split(head("沿海各地受到的影响与应急部门发挥的", "作用"), RAIN)
    assert [(essence(a.title), a.byline) for a in articles] == [
        ("沿海各地受到的影响与应急部门发挥的作用", None)
    ]


def test_a_sentence_cut_off_above_a_headline_does_not_run_into_it():
    _, articles = split(head("台风登陆"), RAIN[:-8], head("渔港一夜"), "本报记者 王敏", BOATS)
    assert [a.text for a in articles] == [
        f"台风登陆\n{RAIN[:-8]}",
        f"渔港一夜\n本报记者 王敏\n{BOATS}",
    ]


def test_a_quotation_set_large_in_the_midst_of_a_sentence_begins_nothing():
    _, articles = split(head("台风登陆"), RAIN[:17], head("“整夜没有合眼”"), RAIN[17:], SHELTER)
    assert [a.title for a in articles] == ["台风登陆"]


def test_what_stands_above_the_first_headline_of_a_page_goes_with_it_if_it_is_the_pages():
    _, articles = split("第3版", head("台风登陆"), RAIN)
    assert [a.title for a in articles] == ["台风登陆"]


@settings(max_examples=60, deadline=None)
@given(st.one_of(pages(), messes), st.randoms(use_true_random=False))
def test_any_lines_may_be_told_headlines(raw, rng):
    marked = "\n".join(
        (HEADLINE if rng.random() < 0.2 else "") + line for line in raw.split("\n")
    )
    articles = split_articles(Source("a.pdf", marked))
    for article in articles:
        check_tiles(article)
    check_partition(articles, marked)
