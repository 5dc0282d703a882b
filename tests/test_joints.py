"""rag.articles.joints and rag.articles.trees: where stories may meet inside a paragraph, and what
speaks for it."""

from pathlib import Path
from random import Random

import numpy as np
import pytest

from eval.growing import Gaps, answers_of_others, grown, write_trees
from rag.articles import split_articles
from rag.articles.joints import breaks_of, parts_of
from rag.articles.lines import find_lines
from rag.articles.trees import in_context, trees
from rag.repair import repair
from rag.trees import Trees
from rag.types import Source, Span

BOATS = "江边的老船工们把汽笛拉响，一共八十六声。"
BOOK = "全书最动人的是注解里的沉默，一天看了一百多个病人，游医生只写了三个字。"


def wrapped(text, width, end="\n"):
    return "".join(text[i : i + width] + end for i in range(0, len(text), width))


def parts(raw):
    repaired = repair(raw)
    (start, stop) = 0, len(repaired.text)
    return [repaired.text[a:b] for a, b in parts_of(raw, repaired, Span(start, stop))]


def test_a_full_line_that_ends_a_sentence_above_another_column_ends_a_part():
    raw = BOATS + "\n" + wrapped(BOOK * 3, 20, "\r\n")
    assert repair(raw).text.count("\n") == 0
    assert parts(raw) == [BOATS, BOOK * 3]


@pytest.mark.parametrize("width", [9, 14, 20, 31])
def test_a_paragraph_of_one_column_stays_in_one_part(width):
    raw = wrapped(BOOK * 4, width)
    assert parts(raw) == [repair(raw).text]


def test_an_english_headline_joined_to_the_text_above_it_is_a_headline():
    raw = (
        "They may vote if\nthey want to do it\nas the law says, and\nI have the keys.\n"
        "Museum of mistakes opens its doors\n"
    )
    lines = find_lines(raw, repair(raw))
    assert [line.text for line in lines if line.kind == "head"] == [
        "Museum of mistakes opens its doors"
    ]


def test_parts_of_a_paragraph_are_one_paragraph_again_where_no_story_ends():
    raw = BOOK * 2 + "\n" + wrapped(BOOK * 3, 36, "\r\n")
    (article,) = split_articles(Source("a.txt", raw))
    assert article.text == repair(raw).text


@pytest.mark.parametrize("seed", range(20))
def test_parts_leave_nothing_out(seed):
    rng = Random(seed)
    raw = "".join(wrapped(BOATS + BOOK, rng.randint(8, 30), rng.choice(("\n", "\r\n", " \n"))) for _ in range(4))  # noqa: E501
    repaired = repair(raw)
    assert "".join(parts(raw)) == repaired.text
    for at in breaks_of(raw, repaired, Span(0, len(repaired.text))):
        assert "\n" in raw[repaired.origin[at - 1] : repaired.origin[at]]


def example_gaps(count, seed):
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(count):
        rows = rng.normal(size=(30, 4))
        out.append(Gaps(rows, rows[:, 0] + rows[:, 1] ** 2 > 0.5))
    return out


def test_written_trees_answer_as_the_grown_ones(tmp_path):
    gaps = example_gaps(12, 1)
    forest = grown(gaps)
    write_trees(forest, tmp_path / "trees.safetensors")
    read = Trees.load(tmp_path / "trees.safetensors")
    rows = example_gaps(1, 2)[0].rows
    assert np.abs(read.score(rows) - forest.predict(rows, raw_score=True)).max() < 1e-2


def test_pages_are_answered_by_trees_that_never_saw_them():
    gaps = example_gaps(8, 3)
    told = answers_of_others(gaps)
    others = grown(gaps[::2])
    assert np.allclose(told[1], others.predict(gaps[1].rows, raw_score=True))


def test_what_trees_look_at_is_as_wide_as_what_they_were_grown_on():
    from rag.articles.evidence import GAP_FEATURES

    columns = {name: np.arange(3.0) for name in GAP_FEATURES[:-1]}
    rows = in_context(columns)
    assert len(rows) == 3
    assert trees().feature.max() < rows.shape[1]


NIGHT = (
    "过去一个月，南馆把闭馆时间从晚上九点推到了十一点半，每晚有九百多人次坐在馆里看书。",
    "馆长说，试开到年底，如果夜间人次稳定，就长期开下去，并推广到北馆，夜班由志愿者承担。",
    "馆员不加班，遇到借还书用自助机，多开的两个半小时每月多花水电和安保费十四万元。",
)
BUS = (
    "南馆门前的公交站本周迁到东侧，夜班车末班推迟到十二点，每班间隔二十分钟。",
    "公交公司说，迁站以后乘客不用再过马路，原站牌保留一个月，站台上有人引导。",
    "夜班车每晚运送三百多人次，多数是学生和下夜班的护士，票价仍是两元。",
)


def titles_of(above, below):
    """Return the titles found on a page of two like stories, their paragraphs in a line each, the
    second's headline so many newlines below the first and above its own text."""
    first, second = ("\n".join(texts) for texts in (NIGHT, BUS))
    head = "\n" * above + "夜班车推迟到十二点" + "\n" * below
    page = f"南馆夜里还亮着灯\n{first}{head}{second}"
    return [article.title for article in split_articles(Source("a.txt", page))]


@pytest.mark.parametrize("blank", [2, 3])
def test_a_headline_set_further_apart_than_paragraphs_begins_a_story(blank):
    assert titles_of(blank, blank) == ["南馆夜里还亮着灯", "夜班车推迟到十二点"]


@pytest.mark.parametrize(("above", "below"), [(1, 1), (3, 1), (1, 3)])
def test_a_head_as_near_to_a_paragraph_as_others_are_is_not_told_by_its_spacing(above, below):
    assert titles_of(above, below) == ["南馆夜里还亮着灯"]


def test_a_sections_name_beside_furniture_is_furniture_and_elsewhere_may_be_a_headline():
    page = f"体育新闻\n第6版\n南馆夜里还亮着灯\n本报记者 裴晓岚\n{NIGHT[0]}\n"
    kinds = [line.kind for line in find_lines(page, repair(page))]
    assert kinds == ["furniture", "furniture", "head", "byline", "body"]
    column = f"{NIGHT[0]}\n体育新闻\n{BUS[0]}\n"
    assert [line.kind for line in find_lines(column, repair(column))] == ["body", "head", "body"]


RAIN = (
    "市气象台预计，明天白天到夜间多云，后天起受冷空气影响，最低气温降到六摄氏度，"
    "早晚温差超过十摄氏度，老人和儿童注意添减衣物。"
)
COLD = "冷空气后天到，气温先降后升"
SHOP = (
    "解放路上的旧书店昨天重新开门，店主把两层楼改成阅览区，读者可以带自己的书来坐一整天，"
    "店里有旧书四万册，按斤卖的占一半。"
)
READERS = "旧书店重新开门，阅览区摆在二楼"


def lines_of(raw):
    return [(line.kind, line.text) for line in find_lines(raw, repair(raw))]


def test_a_headline_that_repair_read_into_the_text_below_a_blank_line_is_a_headline():
    raw = f"{COLD}\n\n{wrapped(RAIN, 22)}"
    assert repair(raw).text.strip() == COLD + RAIN
    assert lines_of(raw) == [("head", COLD), ("body", RAIN)]
    (article,) = split_articles(Source("a.txt", raw))
    assert (article.title, article.text) == (COLD, f"{COLD}\n{RAIN}")


def test_a_headline_that_repair_read_into_an_indented_text_is_a_headline():
    raw = f"{wrapped(BUS[1] + BUS[2], 12)}{READERS}\n\u3000\u3000{wrapped(SHOP, 12)}"
    assert READERS + SHOP in repair(raw).text
    assert lines_of(raw)[-2:] == [("head", READERS), ("body", SHOP)]


@pytest.mark.parametrize(
    "raw",
    [
        f"{COLD}\n\n{wrapped(RAIN, 12)}",  # as wide as the lines below
        f"\n\u3000\u3000{COLD}\n\n{wrapped(RAIN, 22)}",
        f"{COLD[:-2]}，\n\n{wrapped(RAIN, 22)}",
        f"{COLD}\n\n的{wrapped(RAIN, 22)}",
        f"冷空气后天到；气温先降后升\n\n{wrapped(RAIN, 22)}",
    ],
    ids=["same column", "indented", "comma", "midst of a sentence", "stop"],
)
def test_a_line_not_set_apart_or_not_ended_is_no_headline_above_its_text(raw):
    assert [kind for kind, _ in lines_of(raw)] == ["body"]


def test_the_trees_come_with_the_package():
    from rag.articles.trees import TREES

    assert TREES.parent == Path(split_articles.__code__.co_filename).parent
