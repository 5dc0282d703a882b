"""rag.lexicon.asked: what English questions about Chinese articles teach the lexicon."""

import pytest

from rag.lexicon.asked import (
    Seen,
    around,
    improved,
    learn,
    phrases,
    to_learn_from,
    trust,
    words_of,
)
from rag.readers.written import Written


def asked(question, context, answer, held_out=False):
    start = context.find(answer) if answer else -1
    return Written(question, context, start, start + len(answer or ""), held_out)


def seen(number, english, chinese):
    return Seen(number, english.split(), chinese.split(), frozenset(chinese) - {" "})


def test_numbers_and_dates_part_phrases():
    words = words_of("Which stocks hit limit down on July 24?")
    assert words == ["which", "stocks", "hit", "limit", "down", "on", ""]
    assert list(phrases(words)) == ["stocks hit", "hit limit", "stocks hit limit"]


def test_a_question_is_laid_on_the_sentence_that_answers_it():
    text = "开头说了谁。" + "无关的话。" * 40 + "甲公司跌停，乙公司上涨。别的话在后面很远的地方。"
    found = around(asked("Which fell?", text, "甲公司"))
    assert found.startswith("开头说了谁。")
    assert "跌停" in found


def test_only_answered_english_questions_about_chinese_articles_teach():
    chinese = "甲公司昨日跌停。"
    rows = [
        asked("Which one fell?", chinese, "甲公司"),
        asked("Which one rose?", chinese, None),
        asked("哪家跌停了?", chinese, "甲公司"),
        asked("Which one fell?", "Firm A fell by the limit.", "Firm A"),
        asked("Which one fell?", chinese, "甲公司", held_out=True),
    ]
    assert to_learn_from(rows) == rows[:1]


def rare(number):
    """Return twenty words that no other question holds: of a real set each word is a small part."""
    return " ".join(f"q{number}x{k}" for k in range(20))


@pytest.fixture
def lessons():
    """Forty articles where zorbs are 佐布机, and say stands for nothing of its own."""
    others = "天气 交通 学校 医院 银行 公园 工厂 市场 河流 山区".split()
    return [
        *(seen(n, "zorbs say", f"佐布机 {others[n % 10]}") for n in range(40)),
        *(seen(40 + n, f"say {rare(n)}", f"{others[n % 10]} 新闻") for n in range(160)),
    ]


def test_what_stands_in_many_sentences_of_a_word_is_its_translation(lessons):
    weights = improved(learn(lessons))
    assert next(iter(weights["zorbs"])) == "佐布机"
    assert weights["zorbs"]["佐布机"] == 1.0


def test_what_stood_in_one_article_alone_is_not_learnt():
    weights = improved(learn([seen(0, "zorbs", "佐布机 天气") for _ in range(5)]))
    assert "zorbs" not in weights


def test_a_word_whose_translation_is_seldom_there_is_trusted_less(lessons):
    learnt = learn(lessons)
    told = trust(learnt, lessons, {"zorbs": {"佐布机": 1.0}, "say": {"说道": 1.0}})
    assert told["zorbs"] > 0.8
    assert told["say"] < 0.3
