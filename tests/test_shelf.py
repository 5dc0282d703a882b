"""The articles behind the page: taken in, listed, compared and removed, over a real index."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.errors import StoreError
from rag.ingest import index_paths
from rag.types import Span
from ui.render_corpus import reader_html
from ui.shelf import ROWS, Shelf, Step, Taken

STORY = (
    "北区温室增产\n\n本报火星城三月一日讯，火星城市今年建成温室321座，其中北区有88座，比去年多出15座。"
    "市长李大山在落成典礼上说，明年还要再建温室200座，并为每座配备两名技术员。"
    "居民王小火说，新鲜蔬菜的价格因此下降了三成，孩子们也能在冬天吃上番茄了。\n"
)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """An index over one story."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text(STORY, encoding="utf-8")
    index_paths(tmp_path / "index", [tmp_path / "in"])
    return Shelf(tmp_path / "index")


def written(folder: Path, name: str, text: str) -> tuple[Path, str]:
    file = folder / name.replace("/", "-")
    file.write_text(text, encoding="utf-8")
    return file, name


def taken(shelf: Shelf, *files: tuple[Path, str]) -> tuple[list[Step], list[Taken]]:
    *steps, results = shelf.take_in(files)
    assert isinstance(results, list)
    return [step for step in steps if isinstance(step, Step)], results


def test_each_file_is_told_what_came_of_it(shelf: Shelf, tmp_path: Path) -> None:
    files = [
        written(tmp_path, "new/b.txt", "另一篇。今天下雨，明天晴。"),
        written(tmp_path, "a.txt", STORY),
        written(tmp_path, "empty.txt", ""),
    ]
    steps, results = taken(shelf, *files)
    states = {one.name: one.state for one in results}
    assert states == {"new/b.txt": "added", "a.txt": "unchanged", "empty.txt": "skipped"}
    assert results[2].problems == ("the file is empty; nothing to index",)
    assert str(tmp_path) not in str(results)
    assert [step.done for step in steps] == [0, 1, 2, 3]
    assert {one.source for one in shelf.listed().articles} == {"a.txt", "new/b.txt"}


def test_a_file_that_was_changed_takes_the_place_of_the_old(shelf: Shelf, tmp_path: Path) -> None:
    _, (result,) = taken(shelf, written(tmp_path, "a.txt", STORY.replace("321", "322")))
    assert result.state == "changed_file"
    (article,) = shelf.listed().articles
    assert "322座" in article.text


def test_a_second_run_is_refused_while_one_goes_on(shelf: Shelf, tmp_path: Path) -> None:
    first = shelf.take_in([written(tmp_path, "b.txt", "一篇。")])
    next(first)
    with pytest.raises(StoreError, match="try again"):
        next(shelf.take_in([written(tmp_path, "c.txt", "又一篇。")]))
    list(first)
    assert taken(shelf, written(tmp_path, "c.txt", "又一篇。"))[1][0].state == "added"


def test_an_article_is_found_by_words_of_its_file_and_removed(shelf: Shelf) -> None:
    assert shelf.listed("A. TXT").total == 1
    assert shelf.listed("火星人").total == 0
    assert shelf.remove("a.txt")
    assert not shelf.remove("a.txt")
    assert shelf.listed().total == 0


def test_a_long_list_comes_in_pages(shelf: Shelf, tmp_path: Path) -> None:
    taken(shelf, *(written(tmp_path, f"n{n:02}.txt", f"第{n}篇文章。") for n in range(ROWS + 4)))
    first, last = shelf.listed(first=0), shelf.listed(first=10_000)
    assert (len(first.articles), first.total) == (ROWS, ROWS + 5)
    assert last.first + len(last.articles) == last.total


def test_other_reports_and_other_accounts_are_found(shelf: Shelf, tmp_path: Path) -> None:
    other = STORY.replace("321座", "312座").replace("北区温室增产", "火星城温室落成")
    taken(shelf, written(tmp_path, "b.txt", other))
    (mine,) = [one for one in shelf.listed().articles if one.source == "a.txt"]
    start = mine.text.index("本报")
    span = Span(start, mine.text.index("。", start) + 1)
    ((article, _),) = shelf.reports(mine.id, span)
    assert article.source == "b.txt"
    ((here, there, at),) = shelf.differences(mine.id, span)
    assert "321" in here
    assert "312" in there.text[slice(*at)]


def test_what_repair_took_out_is_marked(shelf: Shelf, tmp_path: Path) -> None:
    broken = "八月的目标是 200 台，比七月份的目标要多出将近一倍，难度不小。\n"
    taken(shelf, written(tmp_path, "broken.txt", broken))
    (article,) = shelf.listed("broken").articles
    found = shelf.article(article.id)
    assert found is not None
    assert "八月的目标是200台" in article.text
    page = reader_html(*found, repaired=True)
    assert "八月的目标是<del>·</del>200<del>·</del>台" in page
