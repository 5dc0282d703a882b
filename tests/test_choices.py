"""rag.choices: what a question leaves to choose from."""

from __future__ import annotations

import pytest

from rag.choices import asked_choice, options


@pytest.mark.parametrize(
    ("question", "names", "sign"),
    [
        ("海燕和铁锚谁跑得多，多多少？", ("海燕", "铁锚"), 1),
        ("城东跟城西哪边房租低?", ("城东", "城西"), -1),
        ("一号线、二号线和三号线哪条更长？", ("一号线", "二号线", "三号线"), 1),
        ("甲公司与乙公司，哪家成立得早？", ("甲公司", "乙公司"), -1),
        ("论产量，棠川的工厂和岚州的工厂哪个大", ("棠川的工厂", "岚州的工厂"), 1),
        ("特斯拉跟通用比，谁供应商多？", ("特斯拉", "通用"), 1),
        ("两个试点市,哪个打的比例更高?", (), 1),
        ("摊主投票,哪个方案得的票最多?", (), 1),
        ("Who got more days in charge, Ilves or Strood?", ("Ilves", "Strood"), 1),
        ("Which town has fewer people, Denby or Holt?", ("Denby", "Holt"), -1),
    ],
)
def test_a_choice_has_names_and_a_direction(question, names, sign):
    choice = asked_choice(question)
    assert choice is not None
    assert (choice.names, choice.sign) == (names, sign)


@pytest.mark.parametrize(
    "question",
    [
        "松延动力7月交付多少台?",
        "谁举报的，叫啥",
        "哪家媒体说会晤是平等的？",
        "为什么海燕跑得多？",
        "双方会谈的时间有多长？",
        "Who coached Rovers for 97 days?",
        "Which of the two piers is closed?",
    ],
)
def test_what_compares_nothing_is_no_choice(question):
    assert asked_choice(question) is None


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("霁州和浔丘哪边等手术等得短，平均几天?", "浔丘等手术平均几天"),
        ("甲厂和乙厂，哪家成立得早？", "浔丘成立什么时候"),
        ("论产业链企业数，苏州和武汉哪个多？", "论产业链企业数，浔丘多少"),
        ("Who got more days in charge, Ilves or Strood?", "How many got days in charge: 浔丘"),
    ],
)
def test_the_value_of_one_name_is_asked_for(question, value):
    choice = asked_choice(question)
    assert choice is not None
    assert choice.part("浔丘") == value


def test_the_value_is_wanted_only_where_it_is_asked_for():
    asked = asked_choice("甲队和乙队谁赢得多，多几场？")
    alone = asked_choice("甲队和乙队谁赢得多？")
    assert asked and alone and (asked.also, alone.also) == ("多几场", "")


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("研讨会线上还是线下", ("线上", "线下")),
        ("芦汀中考体育今年比去年高还是低？", ("高", "低")),
        ("电信内鬼姓啥，叫石某还是董某", ("石某", "董某")),
        ("海燕和铁锚谁跑得多?", ("海燕", "铁锚")),
        ("国内主要还是啥毒株", ()),
        ("推特现金流为啥还是负的", ()),
        ("谁跑得多?", ()),
    ],
)
def test_what_a_question_gives_to_choose_from_may_be_its_answer(question, words):
    assert options(question) == words
