"""rag.formats.pdf and layout: real pages, set in columns, come out in the order they are read."""

import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from papers import HEIGHT, TIMES, WIDTH, Paper

from rag.errors import EmptySource, NeedsOcr, UnreadableSource
from rag.formats.layout import read_page
from rag.formats.lines import Glyph
from rag.formats.pdf import extract
from rag.types import HEADLINE

STORY = (
    "今年七月，这家公司交付人形机器人一百零五台，创了纪录；八月的目标是两百台。负责人说，订单在马拉松"
    "之后明显增加，生产线已经三班运转，新厂房将在年底启用，届时每月可以装配五百台整机。\n"
    "市民张女士带着孩子在展台前排了半个小时的队，她说，机器人跳舞的样子像极了小区广场上的邻居们。"
    "工作人员介绍，这款产品主要面向学校和科研机构，价格与一辆家用小汽车相当。\n"
    "专家提醒，行业仍处在早期阶段，核心部件的成本还要继续下降，标准也需要尽快统一。"
)
OTHER = (
    "受台风影响，沿海多地降下大到暴雨，铁路部门临时停运列车四十余趟，多个景区关闭。气象台预计，雨势将在"
    "周四夜间减弱，但山区仍须防范次生灾害。应急管理部门已经转移低洼地带居民三千多人。\n"
    "渔民老陈把船系在避风港里，整夜没有合眼，他说上一次见到这么大的浪还是二十年前的事情。"
)
ENGLISH = (
    "The company delivered one hundred and five humanoid robots in July, a record, and aims for two"
    " hundred in August. Orders rose sharply after the half marathon, the manager said, and the"
    " production line now runs in three shifts. A new plant opens at the end of the year. Experts"
    " warn that the industry is still young, that parts must become cheaper, and that common"
    " standards are needed before customers outside universities begin to buy in large numbers."
)


@pytest.fixture
def paper(tmp_path):
    return Paper(tmp_path / "a.pdf")


def read(paper):
    paper.save()
    return extract(paper.path, lambda: None)


def words(text):
    return "".join(text.split())  # HEADLINE too counts as white space


def in_columns(paper, x, y, width, text, columns=3, gutter=14, **style):
    """Set a text in columns of one height; return the y below."""
    each = (width - gutter * (columns - 1)) / columns
    size = style.get("size", 10)
    total = sum(len(p) // (each // size) + 1 for p in text.split("\n"))
    rows = int(total // columns) + 2
    bottom = y
    for n in range(columns):
        _, text, below = paper.column(x + n * (each + gutter), y, each, text, most=rows, **style)
        bottom = max(bottom, below)
    assert not text
    return bottom


@pytest.mark.parametrize("columns", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("gutter", [10, 20])
@pytest.mark.parametrize("leading", [1.2, 1.5, 1.9])
def test_columns_are_read_one_after_the_other(paper, columns, gutter, leading):
    in_columns(paper, 40, 80, 515, STORY + "\n" + OTHER, columns, gutter, leading=leading)
    assert words(read(paper).text) == words(STORY + OTHER)


def test_lines_stay_lines_paragraphs_are_indented_and_blocks_set_apart(paper):
    first, rest, _ = paper.column(40, 80, 120, STORY, most=4)
    second, _, _ = paper.column(180, 80, 120, rest, most=4)
    text = read(paper).text
    assert text.split("\n\n")[0] == "　　" + "\n".join(first)
    assert [line.strip() for line in text.split("\n")] == [*first, "", *second]


@pytest.mark.parametrize("headline", ["通栏的大标题横在三栏之上正文在它下面", "短标题"])
def test_a_headline_over_the_columns_comes_first_however_short(paper, headline):
    paper.write(40, 60, headline, 24)
    in_columns(paper, 40, 110, 515, STORY)
    assert words(read(paper).text) == words(headline + STORY)


def test_stories_beside_each_other_are_not_mixed(paper):
    paper.write(40, 60, "左边的标题", 20)
    paper.write(330, 60, "右边的标题", 20)
    in_columns(paper, 40, 100, 270, STORY, 2)
    in_columns(paper, 330, 100, 225, OTHER, 1)
    assert words(read(paper).text) == words("左边的标题" + STORY + "右边的标题" + OTHER)


def test_stories_under_each_other_in_other_columns_are_not_mixed(paper):
    paper.write(40, 60, "上面的标题", 20)
    below = in_columns(paper, 40, 100, 515, STORY, 3)
    paper.write(40, below + 20, "下面的标题", 20)
    in_columns(paper, 40, below + 60, 515, OTHER, 4)
    assert words(read(paper).text) == words("上面的标题" + STORY + "下面的标题" + OTHER)


def test_headlines_under_a_story_begin_new_ones_though_the_gutters_run_through(paper):
    below = in_columns(paper, 40, 80, 515, STORY, 2, 15)
    for x, title, text in ((40, "左下标题", OTHER), (305, "右下标题", OTHER[::-1])):
        paper.write(x, below + 25, title, 18)
        paper.column(x, below + 60, 250, text.replace("\n", ""))
    expected = STORY + "左下标题" + OTHER + "右下标题" + OTHER[::-1]
    assert words(read(paper).text) == words(expected)


def test_boxes_around_a_centre_are_read_whole_though_no_cut_runs_through(paper):
    """A pinwheel: top left wide, right tall, bottom right wide, left tall."""
    places = [(40, 60, 340, 2), (400, 60, 155, 1), (40, 224, 155, 1), (215, 345, 340, 2)]
    titles = ["甲篇标题", "乙篇标题", "丙篇标题", "丁篇标题"]
    for (x, y, width, columns), title in zip(places, titles, strict=True):
        paper.write(x, y, title, 20)
        in_columns(paper, x, y + 35, width, title[0] + STORY, columns)
    text = words(read(paper).text)
    assert all(words(title + title[0] + STORY) in text for title in titles)


def test_text_in_a_frame_is_read_by_itself(paper):
    _, rest, below = paper.column(40, 80, 240, STORY, most=6)
    paper.frame(36, below + 6, 248, 60)
    paper.column(40, below + 12, 240, OTHER[:60], most=3)
    paper.column(300, 80, 240, rest)
    assert words(OTHER[:60]) in words(read(paper).text)


def test_running_heads_and_page_numbers_stay_out_of_the_columns(paper):
    paper.write(40, 25, "2025年8月16日 星期六", 8)
    paper.write(520, 25, "第3版", 8)
    in_columns(paper, 40, 80, 515, STORY, 3)
    paper.write(290, 810, "— 3 —", 8)
    assert words(read(paper).text) == words("2025年8月16日 星期六第3版" + STORY + "— 3 —")


def test_a_table_is_read_row_by_row(paper):
    rows = [("年份", "产量", "增长"), ("2023", "80台", "3.4%"), ("2024", "105台", "31%")]
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            paper.write(60 + 120 * j, 100 + 18 * i, cell)
    assert read(paper).text.split("\n") == ["\t".join(row) for row in rows]


@pytest.mark.parametrize("columns", [1, 2, 3, 4])
@pytest.mark.parametrize("justify", [True, False])
def test_english_columns_are_read_with_their_word_spaces(paper, columns, justify):
    width = (515 - 14 * (columns - 1)) / columns
    rows = len(ENGLISH) // int(width / 5.2) // columns + 2
    left, lines = ENGLISH, []
    for n in range(columns):
        taken, left = paper.english(
            40 + n * (width + 14), 80, width, left, justify=justify, most=rows
        )
        lines += taken
    found = [line for line in read(paper).text.split("\n") if line]
    assert found == lines


def test_text_set_from_top_to_bottom_is_read_from_right_to_left(paper):
    for n, line in enumerate(["竖排的标题一", "接着第二行字"]):
        for i, character in enumerate(line):
            paper.write(100 - 30 * n, 60 + 26 * i, character, 24)
    in_columns(paper, 160, 60, 390, STORY, 2)
    assert words(read(paper).text) == words("竖排的标题一接着第二行字" + STORY)


def test_a_page_set_from_top_to_bottom_is_read_tier_by_tier(paper):
    text = words(STORY)[:120]
    for tier in range(2):
        for n in range(5):
            for i in range(12):
                character = text[tier * 60 + n * 12 + i]
                paper.write(500 - 18 * n, 80 + 300 * tier + 12 * i, character, 11)
    assert words(read(paper).text) == text


def test_signs_set_close_together_stay_in_their_line(paper):
    for y, start in ((80, ""), (95, "不")):
        paper.write(40, y, f"{start}限于口令等形式）")
        paper.write(40 + 10 * (8 + len(start)) - 5, y, "，用于传递")
    assert read(paper).text == "限于口令等形式），用于传递\n不限于口令等形式），用于传递"


@pytest.mark.parametrize("spacing", [0.5, 1.5, 2.5])
def test_numbers_in_a_line_that_is_drawn_out_stay_whole(paper, spacing):
    line = "平均年龄41.3岁，女性占76%，GDP增长"
    paper.write(40, 80, line, spacing=spacing)
    assert read(paper).text == line


def test_bold_made_by_drawing_twice_is_read_once(paper):
    paper.write(40, 60, "粗体标题", 20)
    paper.write(40.4, 60, "粗体标题", 20)
    in_columns(paper, 40, 100, 300, OTHER, 1)
    assert words(read(paper).text) == words("粗体标题" + OTHER)


def test_a_page_that_is_turned_is_read_as_it_is_shown(paper):
    paper.canvas.setPageRotation(90)
    paper.canvas.translate(WIDTH, 0)
    paper.canvas.rotate(90)
    in_columns(paper, 40, 80, 515, STORY, 2)
    assert words(read(paper).text) == words(STORY)


def test_text_at_the_edge_set_upwards_comes_last_and_a_watermark_is_left_out(paper):
    in_columns(paper, 60, 80, 480, STORY, 2)
    for angle, text, size in ((90, "边上的说明", 8), (45, "水印文字", 60)):
        paper.canvas.saveState()
        paper.canvas.translate(40, 300)
        paper.canvas.rotate(angle)
        paper.write(0, HEIGHT, text, size)
        paper.canvas.restoreState()
    assert words(read(paper).text) == words(STORY + "边上的说明")


def test_pages_are_parted_by_form_feeds_and_know_where_they_start(paper):
    for text in ("第一页的文字。", "", "第三页的文字。"):
        if text:
            paper.write(40, 80, text)
        paper.turn_page()
    found = read(paper)
    assert found.text == "第一页的文字。\n\n\f\n\n\f第三页的文字。"
    assert [found.text[start:][:1] for start in found.pages] == ["第", "\n", "第"]
    assert found.text.count("\f") == len(found.pages) - 1


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example(columns=5, size=7.0, leading=1.2, gutter=1.0, headline=0)
@given(
    columns=st.integers(1, 5),
    size=st.floats(7, 13),
    leading=st.floats(1.2, 2.0),
    gutter=st.floats(1.0, 3.0),
    headline=st.integers(0, 18),
)
def test_any_columns_are_read_in_order(tmp_path, columns, size, leading, gutter, headline):
    paper = Paper(tmp_path / "any.pdf")
    title = "标题横在正文的上面不管它有多长都算"[:headline]
    paper.write(40, 40, title, 2 * size)
    in_columns(paper, 40, 90, 515, STORY, columns, gutter * size, size=size, leading=leading)
    assert words(read(paper).text) == words(title + STORY)


# -- what cannot be read -----------------------------------------------------------------------


def test_a_scanned_page_is_named_and_the_others_are_read(paper):
    for scanned in (False, True, True, False, True):
        if scanned:
            paper.picture(0, 0, WIDTH, HEIGHT)
            paper.write(290, 810, "— 3 —", 8)
        else:
            in_columns(paper, 40, 80, 515, STORY, 2)
        paper.turn_page()
    found = read(paper)
    assert found.problem.startswith("pages 2-3, 5 of 5 hold no text")
    assert "OCR" in found.problem
    assert words(found.text) == words(STORY * 2)
    assert found.pages[0] == 0
    assert words(found.text[found.pages[3] :]) == words(STORY)


def test_a_picture_beside_text_is_no_scan(paper):
    paper.picture(40, 400, 515, 300)
    in_columns(paper, 40, 80, 515, STORY, 2)
    assert read(paper).problem == ""


def test_a_file_that_is_all_scanned_is_an_error(paper):
    for _ in range(2):
        paper.picture(0, 0, WIDTH, HEIGHT)
        paper.turn_page()
    with pytest.raises(NeedsOcr, match=r"pages 1-2 of 2 .* OCR"):
        read(paper)


def test_blank_pages_are_an_error_that_asks_for_no_ocr(paper):
    paper.turn_page()
    with pytest.raises(EmptySource, match="blank"):
        read(paper)


def test_an_encrypted_file_is_an_error(tmp_path):
    paper = Paper(tmp_path / "a.pdf", encrypt="secret")
    paper.write(40, 80, "字")
    with pytest.raises(UnreadableSource, match="without a password"):
        read(paper)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9])
def test_a_truncated_file_is_an_error_or_what_is_left_of_it(paper, share):
    for _ in range(5):
        in_columns(paper, 40, 80, 515, STORY, 2)
        paper.turn_page()
    paper.save()
    data = paper.path.read_bytes()
    paper.path.write_bytes(data[: int(share * len(data))])
    try:
        found = extract(paper.path, lambda: None)
    except (UnreadableSource, EmptySource) as error:
        assert re.search(r"truncated|no PDF|blank|damaged", str(error))
    else:
        assert set(words(found.text)) <= set(words(STORY))


@pytest.mark.parametrize(
    ("data", "words"), [(b"", "empty"), (b"plain words", "no PDF"), (b"%PDF-1.4\n", "truncated")]
)
def test_what_is_no_pdf_is_refused_with_advice(tmp_path, data, words):
    (tmp_path / "a.pdf").write_bytes(data)
    with pytest.raises((UnreadableSource, EmptySource), match=words):
        extract(tmp_path / "a.pdf", lambda: None)


def test_letters_without_a_meaning_ask_for_ocr(paper):
    paper.write(40, 80, "\ue000\ue001\ue002\ue003" * 20)
    paper.turn_page()
    with pytest.raises(NeedsOcr, match="OCR"):
        read(paper)


def test_latin_type_is_known_from_chinese_only_by_its_letters(paper):
    paper.write(40, 80, "Youju reads 105 pages.", 10, TIMES)
    assert read(paper).text == "Youju reads 105 pages."


# -- headlines ---------------------------------------------------------------------------------


def heads(text):
    """Return the lines that are told to be of a headline."""
    return [line[1:] for line in text.split("\n") if line.startswith(HEADLINE)]


def test_a_headline_is_told_with_its_kicker_and_subtitle(paper):
    paper.write(40, 40, "第3版", 8)
    paper.write(40, 60, "本市防汛", 13)
    paper.write(40, 80, "台风今晨登陆", 26)
    paper.write(40, 112, "四十趟列车停运", 15)
    in_columns(paper, 40, 140, 515, STORY, 3)
    assert heads(read(paper).text) == ["本市防汛", "台风今晨登陆", "四十趟列车停运"]


def test_a_sections_heading_is_none(paper):
    paper.write(40, 60, "台风今晨登陆", 24)
    _, rest, below = paper.column(40, 100, 250, STORY, most=5)
    paper.write(40, below + 4, "转移居民", 13.5)
    paper.column(40, below + 26, 250, rest)
    paper.column(305, 100, 250, OTHER)
    assert heads(read(paper).text) == ["台风今晨登陆"]


@pytest.mark.parametrize("x", [40, 255, 262])
def test_a_byline_over_the_columns_comes_before_them(paper, x):
    """Left, in the middle of the second of three columns, over a gutter."""
    columns = 3 if x != 262 else 2
    paper.write(150, 50, "通栏的大标题横在各栏之上", 24)
    paper.write(x, 88, "本报记者 王敏", 10)
    in_columns(paper, 40, 106, 515, STORY, columns, leading=1.5)
    assert words(read(paper).text) == words("通栏的大标题横在各栏之上本报记者王敏" + STORY)


def test_stories_side_by_side_may_begin_at_different_heights(paper):
    paper.write(40, 60, "左边的标题占一行", 20)
    paper.write(330, 60, "右边的标题", 20)
    paper.write(330, 84, "要占两行", 20)
    in_columns(paper, 40, 92, 270, STORY, 2)
    paper.write(330, 112, "本报记者 王敏", 10)
    in_columns(paper, 330, 130, 225, OTHER, 1)
    below = words(read(paper).text)
    assert below == words("左边的标题占一行" + STORY + "右边的标题要占两行本报记者王敏" + OTHER)


def test_a_picture_between_headline_and_text_does_not_part_them(paper):
    paper.write(40, 50, "上面的标题", 22)
    paper.picture(40, 84, 515, 120)
    below = in_columns(paper, 40, 214, 515, STORY, 3)
    paper.write(40, below + 20, "下面的标题", 22)
    paper.picture(40, below + 54, 340, 90)
    rest = STORY[::-1].replace("\n", "")
    left, rest, _ = paper.column(40, below + 154, 163, rest, most=6)
    middle, rest, _ = paper.column(217, below + 154, 163, rest, most=6)
    right, _, _ = paper.column(394, below + 54, 161, rest)
    expected = words("上面的标题" + STORY + "下面的标题" + "".join([*left, *middle, *right]))
    assert words(read(paper).text) == expected


@pytest.mark.parametrize("gap", [20, 100])
def test_a_headline_set_from_top_to_bottom_begins_what_stands_beside_it(paper, gap):
    paper.write(40, 40, "上面的标题横在各栏之上", 22)
    below = in_columns(paper, 40, 80, 515, OTHER, 4)
    for i, character in enumerate("渔港一夜无人入睡"):
        paper.write(40, below + 20 + 26 * i, character, 22)
    in_columns(paper, 62 + gap, below + 20, 493 - gap, STORY, 3)
    text = read(paper).text
    assert words(text) == words("上面的标题横在各栏之上" + OTHER + "渔港一夜无人入睡" + STORY)
    assert heads(text) == ["上面的标题横在各栏之上", "渔港一夜无人入睡"]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 5),
            st.integers(0, 20),
            st.integers(1, 16),
            st.integers(1, 5),
            st.sampled_from((8.0, 9.0, 13.0, 24.0)),
        ),
        max_size=14,
    )
)
def test_blocks_anywhere_are_read_once_and_come_to_an_end(blocks):
    glyphs = []
    for number, (column, row, wide, many, size) in enumerate(blocks):
        character = chr(0x4E00 + number)
        for line in range(many):
            y, x = 36.0 * row + 1.4 * size * line, 100.0 * column
            places = [x + size * k for k in range(wide)]
            glyphs += [Glyph(character, at, at + size, y, size) for at in places]
    text = "".join(line for block in read_page(glyphs) for line in block)
    assert set(text) - {HEADLINE, "\u3000", " ", "\t"} == {g.text for g in glyphs}
