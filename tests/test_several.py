"""rag.several: several things asked at once."""

from __future__ import annotations

import re

import pytest

from rag.answer import Bot
from rag.claims import Claim
from rag.confidence import FEATURES, RANKED_BY, Calibration
from rag.ingest import index_sources
from rag.several import parts_asked, together, with_all_parts
from rag.types import Article, Reading, Run, Source, Span, essence


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("充一辆车,夏天和冬天各要多久?", ("充一辆车，夏天要多久", "充一辆车，冬天要多久")),
        ("甲镇、乙镇、丙镇11日各多少度?", ("甲镇11日多少度", "乙镇11日多少度", "丙镇11日多少度")),
        ("他接手前后，球队各拿了多少分?", ("球队，他接手前拿了多少分", "球队，他接手后拿了多少分")),
        ("头一次召回是因为什么,在哪一年?", ("头一次召回是因为什么", "头一次召回在哪一年")),
        ("下一场哪天打、跟谁打?", ("下一场哪天打", "下一场跟谁打")),
        ("损耗改之前是多少,之后呢?", ("损耗改之前是多少", "损耗改之后是多少")),
        ("本市转移了多少人,全省呢?", ("本市转移了多少人", "全省转移多少人")),
        ("比例去年多少,三年后想到多少?", ("比例去年多少", "比例，三年后想到多少")),
        (
            "How many birds were counted last winter, and how many the winter before?",
            (
                "How many birds were counted last winter",
                "birds were counted: how many the winter before",
            ),
        ),
    ],
)
def test_each_part_becomes_a_question_of_its_own(question, parts):
    assert parts_asked(question) == parts


@pytest.mark.parametrize(
    "question",
    [
        "松延动力7月交付多少台?",
        "女的呢，最早多大能结婚？",
        "这次主要动哪两块，第一块是啥",
        "宣传部部长是谁，不是副部长",
        "政变头头当了啥主席，他叫啥",
        "民警为啥兵分三路，怕啥",
        "他怎么评价，谁听见的",
        "从哪天到哪天?",
        "前后立了好几份遗嘱，以哪份算数?",
        "How old was he when he died?",
        "Who heads the court, who called the river a mother?",
        "What did she say about who won?",
    ],
)
def test_one_thing_asked_is_not_taken_apart(question):
    assert parts_asked(question) == ()


def article(text: str) -> Article:
    return Article("a", "a.txt", text, (Run(0, 0, len(text)),))


def claims(where: Article, *found: tuple[str, float], kind: float = 1.0) -> list[Claim]:
    def told(score: float) -> tuple[float, ...]:
        return tuple({"reader": score, "kind": kind}.get(name, 0.0) for name in RANKED_BY)

    return [
        Claim(words, score, ((where, Span(at, at + len(words))),), 0, told(score))
        for words, score in found
        for at in [where.text.index(words)]
    ]


BIRDS = article(
    "全省十万只。去年冬天是10.7万只，前年是8.9万只。今年春天多云，北坡飞来一些鹤，共有30头。"
)


def test_a_short_stretch_that_holds_all_parts_is_the_answer():
    each = [claims(BIRDS, ("10.7万只", 6.0)), claims(BIRDS, ("8.9万只", 8.0))]
    best = with_all_parts("去年和前年各多少只?", claims(BIRDS, ("8.9万只", 7.0)), each)[0]
    assert best.text == "10.7万只，前年是8.9万只"


def test_parts_that_stand_apart_are_joined_in_the_order_asked():
    each = [claims(BIRDS, ("8.9万只", 8.0)), claims(BIRDS, ("十万只", 7.0))]
    best = with_all_parts("前年和全省各多少只?", claims(BIRDS, ("8.9万只", 7.0)), each)[0]
    assert best.text == "8.9万只；十万只"
    assert [BIRDS.text[a:b] for _, (a, b) in best.parts] == ["8.9万只", "十万只"]


def test_parts_of_one_kind_are_counted_in_one_unit():
    each = [claims(BIRDS, ("10.7万只", 6.0)), claims(BIRDS, ("30头", 9.0), ("8.9万只", 5.0))]
    best = with_all_parts("去年和前年各多少?", claims(BIRDS, ("10.7万只", 7.0)), each)[0]
    assert best.text == "10.7万只，前年是8.9万只"


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        ([("10.7万只", 6.0)], [("10.7万只", 6.0)], "the same words twice"),
        ([("10.7万只", 6.0)], [("8.9万只", -2.0)], "a part hardly found"),
        ([("10.7万只", 6.0)], [], "a part not found"),
        ([("10.7万只", 6.0)], [("30头", 6.0)], "another unit"),
    ],
)
def test_a_part_that_is_missing_leaves_the_answer_as_it_was(first, second, why):
    before = claims(BIRDS, ("全省十万只", 7.0))
    each = [claims(BIRDS, *first), claims(BIRDS, *second)]
    assert with_all_parts("去年和前年各多少?", before, each) == before, why


def test_a_part_of_the_wrong_kind_leaves_the_answer_as_it_was():
    before = claims(BIRDS, ("十万只", 7.0))
    each = [claims(BIRDS, ("10.7万只", 6.0)), claims(BIRDS, ("8.9万只", 8.0), kind=-1.0)]
    assert with_all_parts("去年和前年各多少?", before, each) == before


def test_different_things_from_two_sentences_must_be_all_but_certain():
    before, question = claims(BIRDS, ("十万只", 7.0)), "去年多少只，在哪里？"
    doubtful = [claims(BIRDS, ("10.7万只", 2.0)), claims(BIRDS, ("北坡", 2.0))]
    certain = [claims(BIRDS, ("10.7万只", 9.0)), claims(BIRDS, ("北坡", 9.0))]
    assert with_all_parts(question, before, doubtful) == before
    assert with_all_parts(question, before, certain)[0].text == "10.7万只；北坡"


def test_an_answer_that_holds_all_parts_stays():
    before = claims(BIRDS, ("去年冬天是10.7万只，前年是8.9万只", 7.0))
    each = [claims(BIRDS, ("10.7万只", 6.0)), claims(BIRDS, ("8.9万只", 8.0))]
    assert with_all_parts("去年和前年各多少只?", before, each) == before


def test_an_answer_holds_no_part_by_words_that_are_hardly_its_answer():
    before = claims(BIRDS, ("去年冬天是10.7万只", 7.0))
    each = [claims(BIRDS, ("10.7万只", 6.0)), claims(BIRDS, ("8.9万只", 8.0), ("去年", -4.0))]
    best = with_all_parts("去年和前年各多少只?", before, each)[0]
    assert best.text == "10.7万只，前年是8.9万只"


def test_several_parts_are_as_sure_as_the_weakest():
    each = [claims(BIRDS, ("10.7万只", 6.0), kind=0.0), claims(BIRDS, ("8.9万只", 8.0), kind=2.0)]
    best = with_all_parts("去年和前年各多少只?", claims(BIRDS, ("十万只", 2.0)), each)[0]
    assert best.told == each[0][0].told
    assert best.score == 6.0


def test_parts_of_one_sentence_share_a_citation():
    spans = [Span(*re.search(words, BIRDS.text).span()) for words in ("10.7万", "8.9万", "30头")]
    cited = together([(BIRDS, span) for span in spans])
    assert [parts for _, parts in cited] == [tuple(spans[:2]), (spans[2],)]


class NumberReader:
    """Reads the number after the word that is asked for."""

    def read(self, question, passages, *, per_passage=5):
        return [
            Reading(k, Span(*m.span(1)), 9.0 if m[0][:2] in question else 1.0)
            for k, text in enumerate(passages)
            for m in re.finditer(r"..馆(\d+人)", text)
        ]


def test_every_part_of_an_answer_is_cited_where_it_stands(tmp_path):
    text = "城东馆410人，天气很好。大家都在看展览。\n\n另一边的情况如何？城西馆390人，也不算少。"
    index_sources(tmp_path, [Source("a.txt", text)])
    ranking = tuple(1.0 if name == "reader" else 0.0 for name in RANKED_BY)
    sure = Calibration((0.0,) * FEATURES, 5.0, 0.5, ranking)
    bot = Bot.open(tmp_path).with_reader(NumberReader(), sure)
    answer = bot.ask("城东馆和城西馆各多少人?")
    assert answer.answer == "410人；390人"
    assert [c.marker for c in answer.citations] == [1, 2]
    for citation, said in zip(answer.citations, ("410人", "390人"), strict=True):
        assert [text[a:b] for a, b in citation.answer_spans] == [said]
        raw = "".join(text[a:b] for a, b in citation.spans)
        assert essence(raw) == essence(citation.quote)
        assert citation.quote in answer.text
