"""A question as the passages spell it."""

import pytest

from rag.answer import Bot
from rag.dialogue import InContext
from rag.ingest import index_sources
from rag.spelt import as_found
from rag.types import Source

TEXT = (
    "松延动力7月交付人形机器人105台，同比增长30%。2025年投资1.2亿元，共12,000人，三十家企业到场。"
)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("松延动力七月交付多少台?", "松延动力7月交付多少台?"),
        ("谁交付了一百零五台?", "谁交付了105台?"),
        ("二〇二五年投资一点二亿元吗?", "2025年投资1.2亿元吗?"),
        ("谁增长百分之三十?", "谁增长30%?"),
        ("一万两千人是哪来的?", "12,000人是哪来的?"),
        ("30家企业是哪些?", "三十家企业是哪些?"),
        ("松延動力7月交付機器人多少臺?", "松延动力7月交付机器人多少台?"),
        ("ＡＩ投资？", "ai投资？"),
    ],
)
def test_a_question_takes_the_spelling_of_the_text(question, expected):
    assert as_found(question, [TEXT]) == expected


@pytest.mark.parametrize(
    "question",
    [
        "三十家企业是哪些?",  # stands there so
        "八月交付多少台?",  # 8月 does not stand there either
        "哪一家投资?",
        "谁交付了五台?",  # 105台 is another number
        "谁有5台?",
        "三一重工投资多少?",
        "How many robots did Songyan ship?",
    ],
)
def test_what_the_text_does_not_spell_otherwise_stays(question):
    assert as_found(question, [TEXT]) == question


def test_all_readings_of_a_follow_up_are_spelt_alike():
    asked = InContext("松延 七月呢", "七月呢", (), "松延", ("七月交付多少",))
    spelt = asked.respelt(lambda part: as_found(part, [TEXT]))
    assert (spelt.whole, spelt.own, spelt.others) == ("松延 7月呢", "7月呢", ("7月交付多少",))
    assert spelt.alone == "7月呢"


def test_the_same_answers_are_read_however_a_question_is_written(tmp_path):
    index_sources(tmp_path, [Source("a.txt", "松延动力7月交付人形机器人105台，8月的目标是200台。")])
    bot = Bot.open(tmp_path)

    def read(question):
        claims, _ = bot.weigh(question)
        return [claim.text for claim in claims]

    plain = read("松延动力7月交付多少台?")
    assert plain[0] == "105台"
    assert read("松延动力七月交付多少台?") == plain
    assert read("松延動力7月交付多少臺?") == plain
