"""Which words give the reason that a question asks for, and where they are cut."""

from __future__ import annotations

import pytest

from rag.reasons import proposed, reason_fit, surroundings
from rag.types import Span


def _span(text, words):
    return Span(text.index(words), text.index(words) + len(words))


def _fit(question, text, words, related=1.0):
    shared = sum(c in question for c in words) / len(words) if not words.isascii() else 0.0
    return reason_fit(text, _span(text, words), related, shared)


@pytest.mark.parametrize(
    ("question", "text", "reason", "other"),
    [
        ("演习为什么推迟?", "雨带北移，演习因此推迟一天。", "雨带北移", "演习因此推迟一天"),
        ("列车为何停运?", "由于轨道积水，列车停运两天。", "由于轨道积水", "列车停运两天"),
        ("航班咋取消了?", "航班取消，因为雷雨一直没停。", "因为雷雨一直没停", "航班取消"),
        ("厂长为啥辞职?", "厂长辞职，原因是身体吃不消。", "身体吃不消", "厂长辞职"),
        ("他为什么不肯签字?", "他不肯签字，怕上了别人的当。", "怕上了别人的当", "他不肯签字"),
        ("村里为什么修水窖?", "村里修水窖，为了存住雨水。", "为了存住雨水", "村里修水窖"),
        ("为什么建围栏?", "村里建起围栏，以避免野猪下山。", "以避免野猪下山", "村里建起围栏"),
        ("门票怎么会涨价?", "受台风影响，门票涨价三成。", "受台风影响", "门票涨价三成"),
        ("收成为啥少了?", "春天缺乏雨水，收成少了一半。", "春天缺乏雨水", "收成少了一半"),
        ("书店为何关门?", "书店关门，不是没有读者，而是房租太贵。", "而是房租太贵", "书店关门"),
        ("为什么没有按时到?", "车没有按时到，原来路上塌了方。", "原来路上塌了方", "车没有按时到"),
        (
            "为什么晚发?",
            "数据有重复，需要核对。今年为何晚发？",
            "数据有重复，需要核对",
            "今年为何晚发",
        ),
        ("为什么停产?", "零件断供导致工厂停产。", "零件断供", "工厂停产"),
        (
            "老师为啥动手?",
            "老师动手推人。动手的原因主要是学生违纪。",
            "动手的原因主要是学生违纪",
            "老师动手推人",
        ),
        (
            "脚印为啥没人认出来?",
            "石头劈成三段。脚印为什么没人认出来？教授说，足迹面是斜的。",
            "足迹面是斜的",
            "石头劈成三段",
        ),
        ("为什么要搬?", "桥要拆，于是一家人要搬。", "桥要拆", "一家人要搬"),
        ("为什么高兴?", "他得益于师傅的指点，很高兴。", "得益于师傅的指点", "很高兴"),
        ("为什么拒绝?", "因与马拉松冲突，主帅拒绝握手。", "因与马拉松冲突", "主帅拒绝握手"),
        ("为什么?", "规模量产有待开发，北京说。", "规模量产有待开发", "北京"),
        (
            "Why did the fair close?",
            "The fair closed early, because the field was flooded.",
            "because the field was flooded",
            "The fair closed early",
        ),
        (
            "Why was the vote delayed?",
            "The vote was delayed, owing to a strike.",
            "owing to a strike",
            "The vote was delayed",
        ),
        (
            "What did she blame?",
            "Sales fell by half. She blamed the new road.",
            "the new road",
            "Sales fell by half",
        ),
        (
            "Why is the pool shut?",
            "The pump broke, so the pool is shut.",
            "The pump broke",
            "the pool is shut",
        ),
    ],
)
def test_a_reason_fits_better_than_what_happened(question, text, reason, other):
    assert _fit(question, text, reason) > _fit(question, text, other)


def test_a_sign_of_a_reason_counts_where_the_question_is_what_it_is_about():
    text = "因为道路结冰，演出取消。"
    near, far = (_fit("演出为什么取消?", text, "因为道路结冰", related) for related in (0.9, 0.1))
    assert near > far + 1


def test_a_cause_that_is_asked_about_is_no_reason():
    text = "水从哪里来？因为下雨吗？"
    plain = text[:-2] + "。"
    assert _fit("为什么有水?", text, "因为下雨吗") < _fit("为什么有水?", plain, "因为下雨")


@pytest.mark.parametrize(
    ("text", "read", "cut"),
    [
        ("主要因为天数少，又赶上大雾封航。", "天数少", "主要因为天数少，又赶上大雾封航"),
        ("因体内有异物，且本人不同意，未收押。", "体内有异物", "因体内有异物，且本人不同意"),
        ("受施工影响，加之景区限流，车多。", "施工影响", "受施工影响，加之景区限流"),
        ("主要不是家长反对，而是路太远，学校少。", "家长反对，而是路太远", "而是路太远"),
        ("他说：“我怕输。”他坐下了。", "怕输", "我怕输"),
        ("他说：“我怕输。”近期高温，皮肤脆弱。", "近期高温", "近期高温"),
        ("价格1,500元太贵，没人买。", "500元太贵", "价格1,500元太贵"),
        ("他签了《合作协议》，厂子活了。", "合作协议", "他签了《合作协议》"),
        ("第一行\n水太深，船不能停。", "水太深", "水太深"),
        (
            "Rain fell. The road was wet, and the lamps were out.",
            "was wet",
            "The road was wet, and the lamps were out",
        ),
        ("It shut. A pump failed. It was old.", "pump failed", "A pump failed"),
    ],
)
def test_a_reason_is_cut_to_whole_clauses(text, read, cut):
    first, _ = next(proposed("", text, _span(text, read), Span(0, len(text))))
    assert text[first.start : first.end] == cut


@pytest.mark.parametrize(
    ("text", "read", "reason"),
    [
        ("It closed because the river was low.", "It closed", "because the river was low"),
        ("Her boss blamed the price of jars.", "Her boss", "the price of jars"),
        ("They left early due to heavy snow.", "left early", "due to heavy snow"),
    ],
)
def test_english_says_the_reason_last(text, read, reason):
    cuts = [text[s.start : s.end] for s, _ in proposed("", text, _span(text, read), Span(0, 99))]
    assert reason in cuts


def test_the_clauses_beside_one_that_says_the_question_again_are_proposed():
    text = "铁锚主帅拒绝握手，称补时多了一分钟。"
    found = {
        text[s.start : s.end]: less
        for s, less in proposed("铁锚主帅为什么拒绝握手?", text, Span(0, 8), Span(0, len(text)))
    }
    assert found["铁锚主帅拒绝握手"] == 0 < found["称补时多了一分钟"]


def test_no_clause_outside_the_passage_is_proposed():
    text = "补时太长，铁锚主帅拒绝握手，他走了。"
    within = Span(5, 13)
    found = [s for s, _ in proposed("铁锚主帅为什么拒绝握手?", text, Span(5, 13), within)]
    assert found == [Span(5, 13)]


def test_the_surroundings_stay_in_the_paragraph():
    text = "别的一段。\n大雾封航。船不能出港。"
    assert surroundings(text, _span(text, "船不能出港。")) == "大雾封航。船不能出港。"
