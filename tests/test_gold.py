"""eval.gold: a gold file is checked line by line before it is used."""

import json

import pytest

from eval.gold import load
from eval.metrics import Quote
from rag.errors import GoldError

SOURCES = {"a.txt": "今年7月\n交付人形机器人105台，\n创了纪录。"}
ROW = {
    "id": "g1",
    "question": "7月交付多少台？",
    "lang": "zh",
    "answers": ["105台", "105"],
    "answerable": True,
    "type": "number",
    "evidence": [{"file": "a.txt", "quote": "今年7月交付人形机器人105台"}],
    "difficulty": "easy",
    "split": "dev",
}
UNANSWERABLE = ROW | {
    "id": "g2",
    "answers": [],
    "answerable": False,
    "type": "unanswerable",
    "evidence": [],
    "split": "test",
}


def write(folder, *rows):
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path = folder / "gold.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_rows_come_in_the_order_of_the_file_with_every_field(tmp_path):
    more = {"all_of": [["105"], ["纪录", "记录"]], "history": [["谁？", "松延动力"]]}
    first, second = load(write(tmp_path, ROW | more, UNANSWERABLE), SOURCES)
    assert (first.id, second.id) == ("g1", "g2")
    assert first.answers == ("105台", "105")
    assert first.evidence == (Quote("a.txt", "今年7月交付人形机器人105台"),)
    assert first.all_of == (("105",), ("纪录", "记录"))
    assert first.history == (("谁？", "松延动力"),)
    assert not second.answerable


def test_a_split_chooses_its_rows(tmp_path):
    path = write(tmp_path, ROW, UNANSWERABLE)
    assert [row.id for row in load(path, SOURCES, "test")] == ["g2"]
    assert len(load(path, SOURCES)) == 2


def test_an_unknown_split_names_those_there_are(tmp_path):
    with pytest.raises(GoldError, match=r"no row of split 'tset'; its splits are dev, test"):
        load(write(tmp_path, ROW, UNANSWERABLE), SOURCES, "tset")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": ""}, "id is"),
        ({"question": 7}, "question is 7"),
        ({"lang": "fr"}, 'lang is "fr"'),
        ({"answers": "105"}, "answers is"),
        ({"answers": ["。"]}, "answers is"),
        ({"answers": []}, "answers is empty"),
        ({"answerable": "yes"}, "answerable is"),
        ({"answerable": False}, "there are answers"),
        ({"type": "unanswerable"}, "type unanswerable"),
        ({"type": "colour"}, "type is"),
        ({"difficulty": None}, "difficulty is null"),
        ({"split": "train"}, "split is"),
        ({"evidence": []}, "evidence is empty"),
        ({"evidence": [{"file": "a.txt"}]}, "evidence is"),
        ({"evidence": [{"file": "b.txt", "quote": "7月"}]}, "'b.txt' is not among the 1 sources"),
        ({"evidence": [{"file": "a.txt", "quote": "8月"}]}, "'8月' does not stand in a.txt"),
        ({"all_of": [[]]}, "all_of is"),
        ({"history": [["only a question"]]}, "history is"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_row_is_named_by_line_and_reason(tmp_path, change, reason):
    path = write(tmp_path, UNANSWERABLE, ROW | change)
    with pytest.raises(GoldError) as caught:
        load(path, SOURCES)
    assert "line 2: (" in str(caught.value)
    assert reason in str(caught.value)


def test_a_missing_field_is_named(tmp_path):
    row = {name: value for name, value in ROW.items() if name != "evidence"}
    with pytest.raises(GoldError, match=r"line 1: \(g1\) evidence is missing"):
        load(write(tmp_path, row))


def test_all_bad_lines_come_in_one_error(tmp_path):
    path = write(tmp_path, "{broken", ROW, "", ROW | {"lang": "fr", "id": "g3"}, "[1]", ROW)
    with pytest.raises(GoldError) as caught:
        load(path, SOURCES)
    message = str(caught.value)
    assert "4 bad line(s)" in message
    assert "line 1: not JSON" in message
    assert "line 4: (g3) lang" in message
    assert "line 5: not a JSON object but list" in message
    assert "line 6: id 'g1' was taken on line 2" in message


def test_without_sources_the_evidence_is_taken_on_trust(tmp_path):
    assert load(write(tmp_path, ROW | {"evidence": [{"file": "b.txt", "quote": "x"}]}))


@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_an_empty_file_is_an_error(tmp_path, content):
    path = tmp_path / "gold.jsonl"
    path.write_bytes(content)
    with pytest.raises(GoldError, match="is empty"):
        load(path)


def test_a_file_that_is_not_there_or_not_utf8_is_an_error(tmp_path):
    with pytest.raises(GoldError, match="no gold file"):
        load(tmp_path / "none.jsonl")
    path = tmp_path / "gold.jsonl"
    path.write_bytes("问题".encode("gb18030"))
    with pytest.raises(GoldError, match="UTF-8"):
        load(path)


def test_a_line_separator_inside_a_string_does_not_end_the_line(tmp_path):
    path = write(tmp_path, json.dumps(ROW | {"question": "a\u2028b"}, ensure_ascii=False))
    assert load(path, SOURCES)[0].question == "a\u2028b"
