"""rag.compared: a choice answered from the values of what may be chosen."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from rag.choices import asked_choice
from rag.claims import Claim
from rag.compared import with_choice
from rag.confidence import RANKED_BY
from rag.types import Article, Run, Span


@dataclass(frozen=True)
class Passage:
    article: Article
    span: Span
    score: float = 1.0


def article(text: str, name: str = "a") -> Article:
    return Article(name, f"{name}.txt", text, (Run(0, 0, len(text)),))


def claim(where: Article, found: re.Match[str], score: float = 5.0) -> Claim:
    told = (score, *[0.0] * (len(RANKED_BY) - 1))
    return Claim(found[0], score, ((where, Span(*found.span())),), 0, told)


def reader(pattern: str, *articles: Article) -> Callable[[str], list[Claim]]:
    """Reads all that a pattern matches, whatever is asked, one as likely as the other."""
    return lambda question: [claim(a, m) for a in articles for m in re.finditer(pattern, a.text)]


def chosen(question: str, pattern: str, *texts: str) -> Claim:
    articles = [article(text, f"a{n}") for n, text in enumerate(texts)]
    passages = [Passage(a, Span(0, len(a.text))) for a in articles]
    read = reader(pattern, *articles)
    choice = asked_choice(question)
    assert choice is not None
    return with_choice(choice, read(question), passages, read)[0]


WAITS = "霁州市从入院到手术平均等待4.6天，超过48小时的占71%；而浔丘市，平均只有1.9天。"


@pytest.mark.parametrize(
    ("question", "pattern", "texts", "answer"),
    [
        ("霁州和浔丘哪边等手术等得短?", r"[\d.]+天", [WAITS], "浔丘"),
        ("霁州和浔丘哪边等手术等得长?", r"[\d.]+天", [WAITS], "霁州"),
        ("霁州和浔丘哪边等得短，平均几天?", r"[\d.]+天", [WAITS], "浔丘市，平均只有1.9天"),
        (
            "苏州的机器人企业和武汉的人形机器人企业哪个多?",
            r"\d+余家",
            ["在江苏苏州，如今已聚集相关企业600余家。", "武汉人才密集，拥有300余家企业。"],
            "苏州",
        ),
        (
            "甲港和乙港，哪家成立得早?",
            r"\d{4}年\d+月",
            ["甲港成立于2023年11月。乙港于2023年12月成立。"],
            "甲港",
        ),
        (
            "稳岗资金和促就业支出哪个更多?",
            r"\d+亿元",
            ["今年上半年发放稳岗资金62亿元，支持培训等促就业支出113亿元。"],
            "促就业支出",
        ),
        (
            "东山与西山谁的游客少?",
            "[0-9.]+万人",
            ["东山接待1.2万人，西山接待9800人。西山全年3万人。"],
            "东山",
        ),
        (
            "Who got more days in charge, Ilves or Strood?",
            r"\d+ days",
            ["Strood lasted 97 days. He followed Marta Ilves, who had 121 days."],
            "Ilves",
        ),
        (
            "Which club has fewer members, Denby or Holt?",
            r"\d+ members",
            ["Denby has 40 members, and Holt, its neighbour, 62 members."],
            "Denby",
        ),
    ],
)
def test_the_name_with_the_value_asked_for_is_the_answer(question, pattern, texts, answer):
    assert chosen(question, pattern, *texts).text == answer


@pytest.mark.parametrize(
    ("question", "pattern", "texts"),
    [
        ("霁州和浔丘哪边等得短?", r"[\d.]+天", ["霁州市平均等待4.6天。"]),
        ("霁州和浔丘哪边等得短?", r"[\d.]+[天%]", ["霁州平均4.6天，浔丘占33%。"]),
        ("霁州和浔丘哪边等得短?", r"[\d.]+天", ["霁州平均2天，浔丘平均2天。"]),
        ("霁州和浔丘哪边等得短?", r"[\d.]+天", ["霁州平均2天。浔丘平均1天。浔丘最长3天。"]),
        ("霁州和浔丘哪边等得短?", r"[\d.]+天", ["全省平均2天，邻省平均3天。"]),
        ("海燕和铁锚谁跑得多，多多少?", r"[\d.]+公里", ["海燕跑动118.6公里，铁锚111.3公里。"]),
        ("哪个方案的人更多?", r".人", ["九人同意方案一。"]),
        ("两个市哪个比例更高?", r"\d+%", ["甲市91%，乙市在今年春天开始。"]),
    ],
)
def test_a_value_missing_or_in_doubt_leaves_the_choice_to_the_reader(question, pattern, texts):
    claims = reader(pattern, *[article(text, f"a{n}") for n, text in enumerate(texts)])("")
    assert chosen(question, pattern, *texts).text == claims[0].text


def test_what_a_sentence_says_outright_is_taken():
    text = "海燕全队跑动118.6公里，比对手多出7.3公里，铁锚有17次射门。"
    answer = chosen("海燕和铁锚谁跑得多，多多少?", r"[\d.]+公里", text)
    assert answer.text == "海燕全队跑动118.6公里，比对手多出7.3公里"
    assert chosen("海燕和铁锚谁跑得多?", r"[\d.]+公里", text).text == "海燕"


def test_a_comparison_of_something_else_is_not_taken():
    text = "海燕的门票比铁锚贵20元。海燕跑动9公里，铁锚跑动8公里。"
    assert chosen("海燕和铁锚谁跑得少?", r"[\d.]+公里", text).text == "铁锚"


@pytest.mark.parametrize(
    ("question", "pattern", "text", "answer"),
    [
        ("赞成哪个方案的人更多?", ".人", "九人同意方案一，四人同意方案二，两人弃权。", "方案一"),
        ("哪个方案得的票最多?", r"\d+人", "赞成方案一的9人，方案二的31人。", "方案二"),
        ("哪个方案得的票最少?", r"\d+人", "赞成方案一的9人，方案二的31人。", "方案一"),
        ("哪个打的比例更高?", r"\d+%", "湖城、汀陵两市先行，接种率分别为91%和84%。", "湖城"),
        ("哪个打的比例更低?", r"\d+%", "湖城、汀陵两市先行，接种率分别为91%和84%。", "汀陵"),
    ],
)
def test_the_text_may_list_what_there_is_to_choose(question, pattern, text, answer):
    assert chosen(question, pattern, text).text == answer


def test_a_choice_cites_both_values_and_is_as_sure_as_the_weaker():
    where = article("甲港吞吐量12万吨。乙港吞吐量30万吨。")
    found = zip(re.finditer("..万吨", where.text), (9.0, 4.0), strict=True)
    strong, weak = (claim(where, match, score) for match, score in found)
    choice = asked_choice("甲港和乙港谁的吞吐量大?")
    assert choice is not None
    answer = with_choice(choice, [strong], [], lambda question: [strong, weak])[0]
    assert answer.text == "乙港"
    assert answer.told == weak.told
    assert {span for _, span in answer.support} == {strong.places[0][1], weak.places[0][1]}
    assert [where.text[a:b] for _, (a, b) in answer.parts] == ["乙港"]
