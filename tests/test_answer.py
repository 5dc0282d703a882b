"""Bot: claims, citations and refusals, with a reader that knows where to look."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from rag.answer import Bot
from rag.confidence import FEATURES, RANKED_BY, Calibration
from rag.errors import MissingIndex, QuestionError
from rag.ingest import index_sources
from rag.types import Answer, Reading, Source, Span, essence

CALIBRATION = Calibration(
    (1.0, *[0.0] * (FEATURES - 1)), 0.0, 0.5, (1.0, *[0.0] * (len(RANKED_BY) - 1))
)
PAGES = {
    "a.txt": "松延动力7月交付人形机器人105台创了纪录，8月的目标是200台！\n\n"
    "北京举办了运动会。（新华社北京8月16日电）",
    "b.txt": "企业松延动力7月交付人形机器\n人１０５台创下纪录，8月的目标是200台。",
    "c.txt": "一家饭店卖出105台电视机。",
}


class PatternReader:
    """Finds what a pattern matches; sure of it, unless told otherwise."""

    def __init__(self, pattern: str, score: float = 9.0) -> None:
        self.pattern, self.score = re.compile(pattern), score
        self.asked: list[str] = []

    def read(
        self, question: str, passages: Sequence[str], *, per_passage: int = 5
    ) -> list[Reading]:
        self.asked.append(question)
        return [
            Reading(k, Span(*match.span()), self.score - k)
            for k, text in enumerate(passages)
            for match in list(self.pattern.finditer(text))[:per_passage]
        ]


@pytest.fixture(scope="module")
def index(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("index")
    index_sources(folder, [Source(name, text) for name, text in PAGES.items()])
    return folder


def bot_with(index: Path, pattern: str, score: float = 9.0) -> tuple[Bot, PatternReader]:
    reader = PatternReader(pattern, score)
    return Bot.open(index).with_reader(reader, CALIBRATION), reader


def ask(
    index: Path, pattern: str, question: str = "松延动力7月交付多少台?", score: float = 9.0
) -> Answer:
    return bot_with(index, pattern, score)[0].ask(question)


def assert_spans_hold(answer: Answer) -> None:
    for citation in answer.citations:
        raw = PAGES[citation.article.source]
        joined = "".join(raw[a:b] for a, b in citation.spans)
        assert essence(joined) == essence(citation.quote)
        for a, b in citation.answer_spans:
            assert essence(raw[a:b]) in essence(joined)


def test_an_answer_cites_the_sentence_it_stands_in(index):
    answer = ask(index, "105台")
    assert (answer.answer, answer.refused) == ("105台", False)
    quotes = {c.article.source: c.quote for c in answer.citations}
    assert quotes["a.txt"] == "松延动力7月交付人形机器人105台创了纪录，8月的目标是200台！"
    assert_spans_hold(answer)


def test_another_file_that_says_the_same_is_cited_too_and_a_stranger_is_not(index):
    # the pattern finds the 105 of a.txt only; b.txt is known by its sentence, c.txt is not
    sources = {c.article.source for c in ask(index, "105台(?=创了)").citations}
    assert sources == {"a.txt", "b.txt"}


def test_full_width_digits_are_cited_as_printed(index):
    cited = next(c for c in ask(index, "105台").citations if c.article.source == "b.txt")
    raw = PAGES["b.txt"]
    assert "１０５台" in "".join(raw[a:b] for a, b in cited.answer_spans)


def test_a_number_is_given_with_its_unit(index):
    assert ask(index, "105(?=台创)").answer == "105台"


def test_doubt_refuses_and_shows_the_nearest_passage(index):
    answer = ask(index, "105台", score=-9.0)
    assert answer.refused and answer.answer is None and answer.citations == ()
    assert answer.nearest is not None and answer.nearest.answer_spans == ()
    assert "不是答案" in answer.text and answer.nearest.quote in answer.text


def test_nothing_found_refuses(index):
    answer = ask(index, "没有这样的字")
    assert answer.refused and answer.nearest is None and answer.confidence == 0.0


def test_an_english_question_is_refused_in_english(index):
    answer = ask(index, "105台", "How many robots were delivered?", score=-9.0)
    assert "do not hold" in answer.text


def test_an_english_question_gets_the_number_in_english_beside_the_articles_words(index):
    answer = ask(index, "105台", "How many robots were delivered in July?")
    assert answer.answer == "105台"
    assert answer.text.startswith("105台 (105) [1]")


def test_an_answer_that_only_repeats_the_question_is_passed_over(index):
    assert ask(index, "松延动力|200台").answer == "200台"


def test_a_follow_up_about_another_place_gets_no_answer_of_the_first(tmp_path):
    text = "安徽新增企业57家，吸引投资90亿元，创了纪录。\n江苏的赛事在秋天举办。"
    index_sources(tmp_path, [Source("d.txt", text)])
    history = [("安徽新增企业多少家?", "57家")]
    answer = bot_with(tmp_path, "90亿元")[0].ask("那江苏呢?", history)
    assert answer.refused and "最接近的一段说的是“安徽”" in answer.text
    assert bot_with(tmp_path, "90亿元")[0].ask("那投资呢?", history).answer == "90亿元"


def test_a_follow_up_is_read_with_its_subject(index):
    bot, reader = bot_with(index, "200台")
    answer = bot.ask("8月的目标呢?", [("松延动力7月交付多少台?", "105台")])
    assert "松延动力" in reader.asked[-1] and "7月" not in reader.asked[-1]
    assert answer.standalone == "松延动力 交付 台 8月的目标呢?"
    assert answer.question == "8月的目标呢?"


@pytest.mark.parametrize(
    "question", ["", "  \n", "\u200b", "问" * 100_000], ids=["empty", "blank", "invisible", "long"]
)
def test_a_question_that_cannot_be_asked_is_an_error(index, question):
    with pytest.raises(QuestionError):
        bot_with(index, "x")[0].ask(question)


def test_markers_in_the_text_are_the_citations(index):
    answer = ask(index, "105台")
    assert {int(m) for m in re.findall(r"\[(\d+)\]", answer.text)} == {
        c.marker for c in answer.citations
    }


def test_the_json_has_every_field_of_the_contract(index):
    data = json.loads(json.dumps(ask(index, "105台").to_json()))
    fields = {
        "question",
        "answer",
        "text",
        "refused",
        "confidence",
        "citations",
        "hits",
        "milliseconds",
    }
    assert fields <= set(data)
    cited = {
        "marker",
        "source",
        "article_id",
        "title",
        "published",
        "spans",
        "quote",
        "answer_spans",
    }
    assert cited <= set(data["citations"][0])
    assert {"rank", "source", "article_id", "spans", "text", "score"} <= set(data["hits"][0])
    assert {"search", "read", "total"} <= set(data["milliseconds"])
    assert (
        data["citations"][0]["published"] is None or data["citations"][0]["published"][:2] == "20"
    )


def test_a_text_handed_in_is_read_without_the_index(index):
    bot, _ = bot_with(index, "33天")
    answer = bot.ask_text("用了多久?", "工程用了33天。", must_answer=True)
    assert answer.answer == "33天" and answer.citations[0].quote == "工程用了33天。"


def test_must_answer_gives_the_best_span_however_doubtful(index):
    bot, _ = bot_with(index, "33天", -9.0)
    assert bot.ask_text("用了多久?", "工程用了33天。").refused
    assert bot.ask_text("用了多久?", "工程用了33天。", must_answer=True).answer == "33天"


def test_a_folder_without_an_index_says_how_to_make_one(tmp_path):
    with pytest.raises(MissingIndex, match="youju index"):
        Bot.open(tmp_path)


def test_a_bot_sees_what_is_indexed_after_it_was_opened(tmp_path):
    index_sources(tmp_path, [Source("one.txt", "熊猫喜欢吃竹子。")])
    bot, _ = bot_with(tmp_path, "月球")
    assert bot.ask("嫦娥六号去了哪里?").refused
    index_sources(tmp_path, [Source("two.txt", "嫦娥六号去了月球背面。")])
    assert bot.ask("嫦娥六号去了哪里?").citations[0].article.source == "two.txt"


def test_a_reckoned_answer_shows_its_sum_and_cites_every_part(index):
    text = "运费每吨１８７元，比原来便宜23元，时间缩短两天。"
    answer = bot_with(index, "187元")[0].ask_text("原来运费每吨多少钱?", text)
    assert answer.answer == "210元"
    assert answer.text.startswith("210元（187元 + 23元） [1]\n\n运费每吨187元")
    (cited,) = answer.citations
    assert ["".join(text[a:b]) for a, b in cited.answer_spans] == ["１８７元", "23元"]
    assert essence("".join(text[a:b] for a, b in cited.spans)) == essence(cited.quote)
    assert bot_with(index, "187元")[0].ask_text("运费每吨多少钱?", text).answer == "187元"
