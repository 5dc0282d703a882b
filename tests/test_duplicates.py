"""rag.duplicates: copies are found whole or in part, patterns with other facts are not, and what
differs is kept."""

import random
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from fakes import CharacterEmbedder
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.chunks import split_chunks
from rag.duplicates import differences, duplicates, recognise, twins
from rag.sketches import letters_of, sketches_of
from rag.store import Store
from rag.types import Article, Run, Source, Span

ROBOTS = (
    "记者近日走进位于北京经济技术开发区的一家机器人企业，车间里工人们正忙着装配新一批整机。"
    "负责人介绍，产品使用自主研发的无框力矩电机，关节轻巧，反应灵敏。"
    "“‘跑马’后的4月，订单‘爆了’，7月交付人形机器人105台创了纪录，8月的目标是200台！”"
    "他说，企业计划明年把产能再提高一倍，并在河北建设第二条生产线。"
    "开发区管委会表示，将在场地、融资和人才引进上继续支持企业发展，帮助它们走向海外市场。"
)
GARDEN = (
    "植物园的郁金香本周进入盛花期，园方在湖边新辟了三处观赏点，游客可沿木栈道步行前往。"
    "园艺师提醒，清晨光线柔和，最适合拍照；午后人流较大，建议错峰游览并乘坐公共交通。"
    "今年首次展出的还有来自高山地区的耐寒品种，花期比普通品种晚半个月左右。"
)
BRIDGE = (
    "跨江大桥的主塔昨天完成封顶，施工单位连续奋战了两个冬天，克服了水流湍急和岩层破碎的困难。"
    "工程师说，接下来将安装斜拉索，预计后年通车，届时两岸居民的通勤时间将大大缩短。"
    "沿线的渔村也打算借机发展旅游，村里的老人已经开始修缮祖屋，准备接待第一批客人。"
)


class Shelf:
    """An index of articles, each a source of its own."""

    def __init__(self, folder):
        model = CharacterEmbedder()
        self.store = Store.create(folder, model.name, model.fingerprint, model.dimension)

    def put(self, **texts):
        with self.store.transaction():
            for name, text in texts.items():
                article = Article(name, name, text, (Run(0, 0, len(text)),))
                chunks = split_chunks(article, 300, 90)
                vectors = np.zeros((len(chunks), 16), np.float32)
                self.store.put(Source(name, text), "digest", [article], chunks, vectors)
        recognise(self.store)
        return self

    def remove(self, *names):
        with self.store.transaction():
            for name in names:
                self.store.remove(name)

    def found(self, name):
        return {d.article_id: d for d in duplicates(self.store, name)}

    def numbers(self, *names):
        numbers = self.store.chunk_numbers()
        chunks = self.store.chunks(numbers)
        return [n for name in names for n in numbers if chunks[n].article_id == name]

    def rows(self):
        tables = ("sketch", "posting", "copied")
        return [self.store._rows(f"SELECT count(*) FROM {table}")[0][0] for table in tables]

    def said(self, name, span=None):
        text = {a.id: a.text for a in self.store.articles()}
        return [
            (text[d.article_id][slice(*d.span)], text[d.other_id][slice(*d.other)])
            for d in differences(self.store, name, span)
        ]


@pytest.fixture
def shelf(tmp_path):
    shelf = Shelf(tmp_path)
    yield shelf
    shelf.store.close()


def test_a_whole_copy_is_found_from_both_sides(shelf):
    shelf.put(a=ROBOTS, b=ROBOTS, c=GARDEN)
    assert shelf.found("a")["b"].share == shelf.found("b")["a"].share == 1.0
    assert shelf.found("c") == {}
    (passage,) = shelf.found("a")["b"].passages
    assert passage.span == passage.other == Span(0, len(ROBOTS))


def test_a_part_in_another_story_is_found_with_its_place(shelf):
    middle = ROBOTS[40:160]
    shelf.put(a=ROBOTS, b=GARDEN + middle + BRIDGE)
    (passage,) = shelf.found("a")["b"].passages
    assert passage.span.start in range(38, 44)
    assert passage.span.end in range(156, 162)
    text = GARDEN + middle + BRIDGE
    assert text[slice(*passage.other)] == ROBOTS[slice(*passage.span)]
    assert shelf.found("a")["b"].share == pytest.approx(0.55, abs=0.08)
    assert shelf.found("b")["a"].share == shelf.found("a")["b"].other_share < 0.4


def test_passages_in_another_order_are_found(shelf):
    one, two = ROBOTS[:100], ROBOTS[100:]
    shelf.put(a=ROBOTS, b=two + GARDEN + one)
    assert len(shelf.found("a")["b"].passages) == 2
    assert shelf.found("a")["b"].share > 0.9


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("105台", "150台", ("105台", "150台")),
        ("无框力矩电机", "无惧力矩电机", ("无框力矩电机", "无惧力矩电机")),
        ("在河北建设", "在天津建设", ("河北建设第二", "天津建设第二")),
        ("4月，", "14月，", ("4月", "14月")),
    ],
    ids=["number", "term", "place", "digit"],
)
def test_a_number_name_or_term_that_differs_is_kept(shelf, before, after, said):
    assert before in ROBOTS
    shelf.put(a=ROBOTS, b=ROBOTS.replace(before, after))
    assert shelf.said("a") == [said]
    assert shelf.said("b") == [said[::-1]]


def test_differences_can_be_asked_for_one_span(shelf):
    shelf.put(a=ROBOTS, b=ROBOTS.replace("105台", "150台").replace("无框", "无惧"))
    at = ROBOTS.index("105")
    assert shelf.said("a", Span(at, at + 1)) == [("105台", "150台")]
    assert shelf.said("a", Span(0, 5)) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.replace("，", ",").replace("。", ". "),
        lambda t: " ".join(t),
        lambda t: "\n".join(t[i : i + 17] for i in range(0, len(t), 17)),
        lambda t: t.replace("200", "２００").replace("7月", "７月"),
        lambda t: t.replace("机器", "機器").replace("万", "萬").replace("台", "臺"),
        lambda t: t.replace("他说，", "他表示的是，"),
    ],
    ids=["punctuation", "spaces", "wraps", "full width", "Traditional", "words around"],
)
def test_what_is_only_written_otherwise_is_no_difference(shelf, change):
    changed = change(ROBOTS)
    if " " in changed[:3]:
        changed = changed.replace("1 0 5", "105").replace("2 0 0", "200")
    shelf.put(a=ROBOTS, b=changed)
    assert shelf.found("a")["b"].share > 0.95
    assert [pair for pair in shelf.said("a") if "说" not in pair[0]] == []


def fund(day, rng):
    def rate():
        return f"{rng.uniform(0.1, 30):.2f}%"

    return (
        f"8月{day}日，汇添富环保行业股票最新单位净值为{rng.uniform(1, 2):.3f}元，累计净值为"
        f"{rng.uniform(1, 2):.3f}元，较前一交易日下跌{rate()}。"
        f"历史数据显示该基金近1个月下跌{rate()}，近3个月下跌{rate()}，近6个月下跌{rate()}，近1年下跌{rate()}。"
        "该基金近6个月的累计收益率走势如下图。汇添富环保行业股票为股票型基金，根据最新一期基金季报显示，"
        "该基金资产配置以股票为主，无债券类资产。"
    )


def test_a_pattern_with_other_facts_is_no_duplicate(shelf):
    rng = random.Random(1)
    shelf.put(a=fund(15, rng), b=fund(16, rng), c=fund(17, rng))
    assert [shelf.found(name) for name in "abc"] == [{}, {}, {}]
    assert twins(shelf.store, shelf.numbers(*"abc")) == [[n] for n in shelf.numbers(*"abc")]


def test_a_notice_under_many_stories_makes_them_no_duplicates(shelf):
    notice = (
        "本文所有图片和文字的版权归原作者所有，如有侵权请在三十日内"
        "与本报新媒体中心联系，核实后将及时删除。"
    )
    rng = random.Random(2)
    texts = {f"n{n}": noise(rng, 400) + notice for n in range(30)}
    shelf.put(**texts)
    assert [shelf.found(name) for name in texts] == [{}] * 30


def noise(rng, length):
    """Return characters that make no sense, and share none of it with another call."""
    return "".join(chr(rng.randrange(0x4E00, 0x9000)) for _ in range(length))


def test_tiny_texts_do_no_harm_and_their_copies_are_found(shelf):
    tiny = "图为工人们在车间里装配机器人。"
    shelf.put(a="", b="好", c="。。。", d=tiny, e=tiny, f=tiny[:4])
    assert list(shelf.found("d")) == ["e"]
    assert [shelf.found(name) for name in "abcf"] == [{}] * 4


def test_a_paragraph_in_a_thousand_files_is_folded_without_a_million_pairs(shelf):
    rng = random.Random(3)
    started = time.process_time()
    shelf.put(**{f"f{n}": noise(rng, 20) + ROBOTS + noise(rng, 300) for n in range(1000)})
    assert time.process_time() - started < 20  # 3 s on one core
    assert shelf.rows()[2] <= 16 * 1000
    groups = twins(shelf.store, [shelf.numbers(f"f{n}")[0] for n in (500, 999, 3, 42)])
    assert len(groups) == 1


def test_removal_leaves_nothing_behind(shelf):
    shelf.put(a=ROBOTS, b=ROBOTS, c=GARDEN)
    shelf.remove("b")
    assert shelf.found("a") == {}
    shelf.remove("a", "c")
    assert shelf.rows() == [0, 0, 0]


def test_indexing_again_changes_what_was_changed_and_no_more(shelf):
    shelf.put(a=ROBOTS, b=ROBOTS, c=GARDEN)
    shelf.put(b=GARDEN)
    assert shelf.found("a") == {}
    assert list(shelf.found("b")) == ["c"]
    shelf.put(b=ROBOTS)
    assert list(shelf.found("b")) == ["a"]
    assert shelf.rows()[::2] == [2, 0]  # b is a under another name


def test_the_order_of_coming_does_not_matter(tmp_path):
    texts = {
        "a": ROBOTS,
        "b": ROBOTS.replace("105", "150"),
        "c": GARDEN + ROBOTS[:120],
        "d": GARDEN,
    }
    seen = []
    for n, names in enumerate(("abcd", "dcba")):
        shelf = Shelf(tmp_path / str(n))
        for name in names:
            shelf.put(**{name: texts[name]})
        seen.append({name: shelf.found(name) for name in "abcd"})
        shelf.store.close()
    assert seen[0] == seen[1]


def test_text_that_many_share_is_still_told_when_its_first_articles_go(shelf):
    rng = random.Random(4)
    names = [f"f{n:02}" for n in range(40)]
    shelf.put(**{name: noise(rng, 20) + ROBOTS for name in names})
    shelf.remove(*names[:20])
    recognise(shelf.store)
    numbers = [shelf.numbers(name)[0] for name in names[20:]]
    assert twins(shelf.store, numbers) == [numbers]


def test_one_passage_ranks_and_the_others_are_listed_with_it(shelf):
    shelf.put(a=ROBOTS, b=ROBOTS.replace("105", "150"), c=GARDEN, d=noise(random.Random(5), 290))
    a, b, c, d = (shelf.numbers(name)[0] for name in "abcd")
    assert twins(shelf.store, [b, c, a, d]) == [[b, a], [c], [d]]
    assert twins(shelf.store, [a, a, 10_000]) == [[a]]


def test_a_passage_that_says_more_is_not_folded_into_a_shorter_one(shelf):
    shelf.put(a=ROBOTS[:110], b=ROBOTS[:110] + GARDEN)
    a, b = shelf.numbers("a")[0], shelf.numbers("b")[0]
    assert twins(shelf.store, [a, b]) == [[a], [b]]
    assert twins(shelf.store, [b, a]) == [[b, a]]


def test_passages_of_one_article_are_never_folded(shelf):
    shelf.put(a=ROBOTS + BRIDGE + GARDEN, b=ROBOTS + BRIDGE + GARDEN)
    numbers = shelf.numbers("a")
    assert len(numbers) > 1
    assert twins(shelf.store, numbers) == [[n] for n in numbers]
    groups = twins(shelf.store, numbers + shelf.numbers("b"))
    assert [group[0] for group in groups] == numbers


PIECES = st.lists(
    st.sampled_from(
        [ROBOTS[:90], ROBOTS[90:], GARDEN, BRIDGE, "105台", "7月", "Robots ran in 2025."]
    ),
    max_size=4,
).map("".join)


@settings(max_examples=40, deadline=None)
@given(st.lists(PIECES, min_size=2, max_size=3, unique=True))  # the same text is stored once
def test_what_one_shares_the_other_shares(texts):
    with tempfile.TemporaryDirectory() as folder:
        shelf = Shelf(Path(folder))
        names = "abc"[: len(texts)]
        shelf.put(**dict(zip(names, texts, strict=True)))
        for one in names:
            for name, duplicate in shelf.found(one).items():
                back = shelf.found(name)[one]
                assert (back.share, back.other_share) == (duplicate.other_share, duplicate.share)
                assert {(p.other, p.span) for p in back.passages} == {
                    (p.span, p.other) for p in duplicate.passages
                }
                assert {(d.other, d.span) for d in back.differences} == {
                    (d.span, d.other) for d in duplicate.differences
                }
                assert 0 < duplicate.share <= 1
        shelf.store.close()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=60) | PIECES, min_size=1, max_size=4))
def test_a_text_is_sketched_the_same_alone_and_among_others(texts):
    together, letters = sketches_of(texts), letters_of(texts)
    for text, sketch, those in zip(texts, together, letters, strict=True):
        (alone,) = sketches_of([text])
        assert alone.hashes.tolist() == sketch.hashes.tolist()
        assert alone.letters.tolist() == sketch.letters.tolist()
        assert all(0 <= at < len(those.text) for at in sketch.letters.tolist())
        assert len(those.numbers) == those.text.count("0")
        assert all(a < b for a, b in zip(those.at.tolist(), those.ends.tolist(), strict=True))


@given(st.integers(0, 100), st.integers(0, 100), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_39_characters_in_common_leave_a_common_fingerprint(before, after, rng):
    shared = noise(rng, 39)
    texts = [noise(rng, before) + shared + noise(rng, after), shared]
    one, other = (set(sketch.hashes.tolist()) for sketch in sketches_of(texts))
    assert one & other
