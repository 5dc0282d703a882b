"""rag.sources: files become sources with their text untouched; a bad file is an error value."""

import json
import lzma
import sys
import tracemalloc

import pytest

from rag.errors import EmptySource, MissingSource, SourceError, UnreadableSource
from rag.sources import front_matter, read_sources
from rag.types import Source

TEXT = "今年7月交付人形机器人105台。"


def read_one(path):
    (found,) = read_sources(path)
    return found


def record(**fields):
    return json.dumps({"id": "1", "text": TEXT} | fields)


def test_a_text_file_is_kept_as_it_is_stored(tmp_path):
    raw = "\ufeff第一行\r\n第二行\r\n"
    (tmp_path / "a.txt").write_bytes(raw.encode("utf-8"))
    assert read_one(tmp_path / "a.txt") == Source("a.txt", raw)


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-16-le"])
def test_other_encodings_are_read(tmp_path, encoding):
    (tmp_path / "a.txt").write_bytes(TEXT.encode(encoding))
    assert read_one(tmp_path / "a.txt").text == TEXT


def test_front_matter_gives_title_and_day_and_stays_in_the_text(tmp_path):
    raw = '---\r\ntitle: "机器人"\r\ndate: 2025-08-16 09:30\r\n---\r\n# 题\r\n正文。\r\n'
    (tmp_path / "a.md").write_bytes(raw.encode())
    assert read_one(tmp_path / "a.md") == Source("a.md", raw, "机器人", "2025-08-16")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("正文。\n---\ntitle: 题\n---\n", id="in the middle"),
        pytest.param("---\ntitle: 题\n", id="never closed"),
        pytest.param("---\n\n正文 title：题\n\n---\n", id="a rule, then text"),
        pytest.param("---\ntitle:\ndate: soon\n---\n", id="nothing in it"),
    ],
)
def test_what_is_no_front_matter_gives_nothing(text):
    assert front_matter(text) == (None, None)


def test_a_text_file_has_no_front_matter(tmp_path):
    (tmp_path / "a.txt").write_text("---\ntitle: 题\n---\n", encoding="utf-8")
    assert read_one(tmp_path / "a.txt").title is None


def test_a_missing_path_is_an_error_that_names_it(tmp_path):
    with pytest.raises(MissingSource, match=r"nowhere\.txt does not exist"):
        list(read_sources(tmp_path / "nowhere.txt"))


def test_a_folder_without_articles_is_an_error(tmp_path):
    (tmp_path / "picture.png").write_bytes(b"png")
    with pytest.raises(EmptySource, match=r"\.txt"):
        list(read_sources(tmp_path))


@pytest.mark.parametrize("data", [b"", b" \n\t\n"], ids=["no byte", "white space"])
@pytest.mark.parametrize("name", ["a.txt", "a.jsonl"])
def test_an_empty_file_is_an_error_value(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    assert isinstance(read_one(tmp_path / name), EmptySource)


def test_an_unknown_kind_of_file_is_an_error_value(tmp_path):
    (tmp_path / "a.exe").write_bytes(b"MZ")
    assert "unknown kind" in str(read_one(tmp_path / "a.exe"))


def test_a_folder_is_read_in_order_of_name_with_paths_below_it(tmp_path):
    (tmp_path / "part").mkdir()
    for name in ("b.txt", "a.md", "part/c.txt"):
        (tmp_path / name).write_text(TEXT, encoding="utf-8")
    assert [s.name for s in read_sources(tmp_path)] == ["a.md", "b.txt", "part/c.txt"]


def test_hidden_files_and_folders_and_readmes_are_left_out(tmp_path):
    (tmp_path / ".cache").mkdir()
    for name in ("a.txt", ".b.txt", ".cache/c.txt", "README.md"):
        (tmp_path / name).write_text(TEXT, encoding="utf-8")
    assert [s.name for s in read_sources(tmp_path)] == ["a.txt"]


def test_a_folder_under_a_hidden_one_is_read_when_it_is_named(tmp_path):
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache/a.txt").write_text(TEXT, encoding="utf-8")
    assert [s.name for s in read_sources(tmp_path / ".cache")] == ["a.txt"]


def test_a_readme_given_by_name_is_read(tmp_path):
    (tmp_path / "README.md").write_text(TEXT, encoding="utf-8")
    assert read_one(tmp_path / "README.md").text == TEXT


def test_a_bad_file_among_good_ones_stops_nothing(tmp_path):
    (tmp_path / "a.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "b.txt").write_bytes(b"\0\0")
    (tmp_path / "c.txt").write_text(TEXT, encoding="utf-8")
    found = list(read_sources(tmp_path))
    assert [isinstance(s, SourceError) for s in found] == [False, True, False]
    assert "b.txt" in str(found[1])


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes on Linux only")
def test_a_file_name_that_is_no_text_is_an_error_value(tmp_path):
    (tmp_path / "\udcff.txt").write_text(TEXT, encoding="utf-8")
    (found,) = read_sources(tmp_path)
    assert "file name" in str(found)
    str(found).encode("utf-8")


def test_records_are_named_by_file_and_id(tmp_path):
    rows = [record(id="x", title="题", published="2025-08-16", url="https://a.cn/"), record(id="y")]
    (tmp_path / "c.jsonl").write_text("\n\n".join(rows), encoding="utf-8")
    assert list(read_sources(tmp_path / "c.jsonl")) == [
        Source("c.jsonl#x", TEXT, "题", "2025-08-16", "https://a.cn/"),
        Source("c.jsonl#y", TEXT),
    ]


def test_a_compressed_corpus_is_read(tmp_path):
    (tmp_path / "c.jsonl.xz").write_bytes(lzma.compress(record().encode("utf-8")))
    assert read_one(tmp_path / "c.jsonl.xz") == Source("c.jsonl.xz#1", TEXT)


def test_a_damaged_compressed_corpus_is_an_error_value(tmp_path):
    whole = lzma.compress(record().encode("utf-8"))
    (tmp_path / "c.jsonl.xz").write_bytes(whole[: len(whole) // 2])
    assert "damaged" in str(read_one(tmp_path / "c.jsonl.xz"))


def test_two_compressed_streams_one_behind_the_other_are_read(tmp_path):
    parts = [lzma.compress(record(id=i).encode() + b"\n") for i in ("1", "2")]
    (tmp_path / "c.jsonl.xz").write_bytes(b"\0\0\0\0".join(parts) + b"\0\0\0\0")
    assert [s.name for s in read_sources(tmp_path)] == ["c.jsonl.xz#1", "c.jsonl.xz#2"]


def pack(line, blocks):
    """Compress a block many times over without holding it."""
    packer = lzma.LZMACompressor(preset=0)
    packed = [packer.compress(line * ((1 << 20) // len(line))) for _ in range(blocks)]
    return b"".join([*packed, packer.flush()])


@pytest.mark.parametrize("block", [b"a" * (1 << 20), b" " * 999 + b"\n"], ids=["line", "lines"])
def test_a_compressed_bomb_is_refused_in_little_memory_and_the_rest_is_read(
    tmp_path, monkeypatch, block
):
    monkeypatch.setattr("rag.sources._XZ_FREE", 4 << 20)
    (tmp_path / "a.jsonl.xz").write_bytes(pack(block, 40))
    (tmp_path / "b.txt").write_text(TEXT, encoding="utf-8")
    tracemalloc.start()
    try:
        bomb, good = read_sources(tmp_path)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "no ordinary text" in str(bomb)
    assert good.text == TEXT
    assert most < 30_000_000


def test_a_record_too_long_is_refused_and_those_before_it_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("rag.sources._MAX_LINE", 5000)
    long = record(id="2", text="字" * 2000)
    (tmp_path / "c.jsonl").write_text("\n".join([record(), long, record(id="3")]), "utf-8")
    good, bad = read_sources(tmp_path)
    assert good.name == "c.jsonl#1"
    assert "line 2: more than 5,000 bytes" in str(bad)


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html", "a.pdf", "a.docx"])
def test_a_file_of_a_gigabyte_is_refused_unread(tmp_path, name):
    with (tmp_path / name).open("wb") as file:
        file.truncate(1_000_000_000)  # a hole: takes no disk
    assert "1,000,000,000 bytes" in str(read_one(tmp_path / name))


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("{", id="no JSON"),
        pytest.param("[" * 100_000, id="nested too deep"),
        pytest.param("[1]", id="no object"),
        pytest.param('{"id": "1"}', id="no text"),
        pytest.param('{"text": "字"}', id="no id"),
        pytest.param('{"id": 1, "text": "字"}', id="a number as id"),
        pytest.param('{"id": "1", "text": " "}', id="blank text"),
        pytest.param(record(text="\ud800"), id="half a surrogate pair in the text"),
        pytest.param(record(title="\ud800"), id="half a surrogate pair in the title"),
    ],
)
def test_a_bad_record_is_an_error_value_that_names_its_line(tmp_path, line):
    (tmp_path / "c.jsonl").write_text(record() + "\n" + line + "\n" + record(id="3"), "utf-8")
    good, bad, other = read_sources(tmp_path / "c.jsonl")
    assert (good.name, other.name) == ("c.jsonl#1", "c.jsonl#3")
    assert "line 2" in str(bad)
    assert len(str(bad)) < 400


def test_the_day_of_a_record_is_kept_in_one_form_whatever_form_it_came_in(tmp_path):
    days = ["2025-08-16", "2025/8/16", "2025年8月16日", "2025-08-16 09:30:00"]
    lines = [record(id=str(n), published=day) for n, day in enumerate(days)]
    (tmp_path / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert [s.published for s in read_sources(tmp_path / "a.jsonl")] == ["2025-08-16"] * 4


@pytest.mark.parametrize("day", ["yesterday", "2025-02-30", "16/08/2025", 20250816])
def test_a_record_of_no_known_day_is_an_error_value_that_shows_it(tmp_path, day):
    lines = [record(id="1", published=day), record(id="2")]
    (tmp_path / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    problem, good = read_sources(tmp_path / "a.jsonl")
    assert isinstance(problem, UnreadableSource)
    assert "line 1" in str(problem)
    assert str(day) in str(problem)
    assert good.name == "a.jsonl#2"
