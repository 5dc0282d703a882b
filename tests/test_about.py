"""Questions about an article itself: its headline, its writer, where it was sent from."""

import pytest

from rag.about import asked_of_article, told_of_itself
from rag.answer import Bot
from rag.ingest import index_sources
from rag.settings import Settings
from rag.types import Article, Run, Source

FERRY = """渡轮票价分成两半
本报记者 周以宁
议会星期一以八比七通过新票价，早班船的优惠保留下来，学生票不变。议员们吵了四个小时。
（新华社马罗湾4月2日电）
"""
BRIDGE = """大桥封闭一百天
本报记者 何若水
大桥五月六日起封闭施工，工期一百天，车辆改走北线。市民可以乘坐免费接驳车。
"""


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("讲停课通知的那篇评论叫什么名字", "headline"),
        ("评论港务集团的那篇文章题目是什么?", "headline"),
        ("What was the article on violence titled?", "headline"),
        ("写这篇的记者叫啥", "byline"),
        ("Who wrote the piece on filial love?", "byline"),
        ("那篇稿子是从哪两个城市发回的?", "dateline"),
        # of other things, which the text tells
        ("那部电影叫什么?", None),
        ("报道这事的电视节目叫什么", None),
        ("公告是哪天发的？", None),
        ("恐吓邮件是从哪国发的", None),
        ("这本书的作者是谁?", None),
        ("这款游戏是哪家公司开发的?", None),
        ("那位评论员叫什么?", None),
    ],
)
def test_only_questions_about_an_article_itself_are_told(question: str, asked: str | None) -> None:
    assert asked_of_article(question) == asked


def _article(text: str, title: str | None = None, byline: str | None = None) -> Article:
    return Article("a", "a.txt", text, (Run(0, 0, len(text)),), title=title, byline=byline)


def test_a_headline_of_two_lines_is_found_where_it_is_printed() -> None:
    text = "渡轮票价\n分成两半\n正文。"
    span = told_of_itself("headline", _article(text, title="渡轮票价 分成两半"))
    assert span is not None
    assert text[span.start : span.end] == "渡轮票价\n分成两半"


def test_a_byline_is_told_without_the_office() -> None:
    text = "本报记者 周以宁 何若水\n正文。"
    span = told_of_itself("byline", _article(text, byline="本报记者 周以宁 何若水"))
    assert span is not None
    assert text[span.start : span.end] == "周以宁 何若水"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("（新华社安克雷奇/莫斯科8月16日电）", "安克雷奇/莫斯科"),
        ("本报芦汀6月20日电 今年起", "芦汀"),
        ("PORT QUILLON, February 10 — The bank", "PORT QUILLON"),
    ],
)
def test_the_place_of_a_dateline_is_told(text: str, place: str) -> None:
    span = told_of_itself("dateline", _article(text))
    assert span is not None
    assert text[span.start : span.end] == place


def test_an_article_that_does_not_print_it_tells_nothing() -> None:
    nothing = _article("正文没有署名，也没有电头。")
    assert [told_of_itself(n, nothing) for n in ("headline", "byline", "dateline")] == [None] * 3


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Bot:
    folder = tmp_path_factory.mktemp("about") / "index"
    index_sources(folder, [Source("ferry.txt", FERRY), Source("bridge.txt", BRIDGE)])
    # which article is meant is asked here; how sure the bot must be, the gold set tells
    return Bot.open(folder, settings=Settings(refuse_below=0.0))


@pytest.mark.parametrize(
    ("question", "words", "source"),
    [
        ("写大桥封闭施工的那篇报道题目是什么?", "大桥封闭一百天", "bridge.txt"),
        ("写渡轮票价那篇文章的记者是谁?", "周以宁", "ferry.txt"),
        ("渡轮票价那篇稿子是从哪个城市发回的?", "马罗湾", "ferry.txt"),
    ],
)
def test_the_bot_answers_from_the_article_that_is_meant(
    bot: Bot, question: str, words: str, source: str
) -> None:
    answer = bot.ask(question)
    assert not answer.refused
    citation = answer.citations[0]
    said = citation.answer_in_article[0]
    assert citation.article.source == source
    assert citation.article.text[said.start : said.end] == words
