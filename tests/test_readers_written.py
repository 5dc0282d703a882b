"""rag.readers.written: questions of ours, put together with the articles they were written over."""

from __future__ import annotations

import json
import lzma
import random
from pathlib import Path

import pytest

from rag.readers.examples import _written_tasks
from rag.readers.written import FOLDER, is_held_out, written_questions

ARTICLE = "松延动力今年7月交付人形机器人105台创了纪录，8月的目标是200台。"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name, lines in {
        "text/zh_news.jsonl.xz": [json.dumps({"id": "n1", "text": ARTICLE}, ensure_ascii=False)],
        "parallel/news_2017_2022.tsv.xz": [f"第{n}行\tline {n}" for n in range(20)],
    }.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(lzma.compress("\n".join(lines).encode()))
    return tmp_path


def write(folder: Path, *rows: dict[str, str | None]) -> Path:
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    (folder / "some.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


def test_a_question_gets_its_article_and_the_place_of_its_answer(data: Path) -> None:
    asked, other = {"id": "n1", "q": "交了几台", "a": "105台"}, {"id": "n1", "q": "谁", "a": None}
    found, absent = written_questions(data, write(data, asked, other))
    assert found.context == ARTICLE
    assert found.answers == ["105台"]
    assert ARTICLE[found.start : found.end] == "105台"
    assert absent.answers == []


def test_an_english_passage_is_nine_lines_from_the_one_it_is_named_after(data: Path) -> None:
    (row,) = written_questions(data, write(data, {"id": "en3", "q": "which?", "a": "line 11"}))
    assert row.context.split("\n") == [f"line {n}" for n in range(3, 12)]


@pytest.mark.parametrize("row", [{"id": "n1", "a": "300台"}, {"id": "n2", "a": None}])
def test_a_row_that_does_not_fit_the_articles_is_named(data: Path, row: dict[str, str]) -> None:
    with pytest.raises(SystemExit, match="怎么样"):
        written_questions(data, write(data, row | {"q": "怎么样"}))


def test_held_out_articles_are_not_trained_on(data: Path) -> None:
    (row,) = written_questions(data, write(data, {"id": "n1", "q": "交了几台", "a": "105台"}))
    trained = [row._replace(held_out=False), row._replace(held_out=True, question="不学")]
    asked = {task.question for task in _written_tasks(trained, random.Random(0))}
    assert asked == {"交了几台"}


def test_the_questions_that_come_with_youju_are_well_formed() -> None:
    rows = [
        json.loads(line)
        for path in FOLDER.glob("*.jsonl")
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    assert len(rows) > 5_000
    assert all(set(row) == {"id", "q", "a", "t"} and row["q"].strip() for row in rows)
    assert all(row["a"] is None or 0 < len(row["a"]) < 250 for row in rows)
    held = sum(is_held_out(row["id"]) for row in rows) / len(rows)
    assert 0.05 < held < 0.15
