"""ui.cli, the commands that read no answers: index, articles, remove. Bad input costs one line."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fakes import CharacterEmbedder

from rag.store import FILE, Store
from ui.cli import main

ROOT = Path(__file__).parent.parent
SEEDS = ROOT / "seeds"
TEXT = "今年7月交付人形机器人105台，创了纪录。"
IN_NO_ENCODING = bytes([0x81, 0x20, 0xFF, 0x9F]) * 40


@pytest.fixture(scope="module")
def seeds_index(tmp_path_factory):
    """An index of the seeds, not to be changed."""
    index = tmp_path_factory.mktemp("seeds") / "index"
    assert main(["index", str(SEEDS), "--index", str(index)]) == 0
    return index


@pytest.fixture
def youju(tmp_path, capsys):
    """Run a command over an index of its own; return status, stdout, lines of stderr."""

    def run(*arguments, index=tmp_path / "index"):
        capsys.readouterr()
        status = main([*map(str, arguments), "--index", str(index)])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return status, out, err.splitlines()

    return run


def article_rows(out):
    return json.loads(out)


# -- index -------------------------------------------------------------------------------------


def test_indexing_reports_what_was_done_on_stderr_only(youju, tmp_path):
    (tmp_path / "a.txt").write_text(TEXT, encoding="utf-8")
    status, out, err = youju("index", tmp_path / "a.txt")
    assert (status, out) == (0, "")
    assert err[-1].startswith("1 added, 0 changed, 0 unchanged: 1 articles, 1 passages")


def test_indexing_again_changes_nothing(youju, tmp_path):
    (tmp_path / "a.txt").write_text(TEXT, encoding="utf-8")
    youju("index", tmp_path / "a.txt")
    status, _, err = youju("index", tmp_path / "a.txt")
    assert status == 0
    assert err[-1].startswith("0 added, 0 changed, 1 unchanged")


def test_gb18030_is_indexed(youju, tmp_path):
    (tmp_path / "a.txt").write_bytes(TEXT.encode("gb18030"))
    assert youju("index", tmp_path / "a.txt")[0] == 0
    assert Store.open(tmp_path / "index").source("a.txt").text == TEXT


BAD_FILES = [
    pytest.param("a.txt", b"PK\x03\x04\0\0", "binary", id="binary"),
    pytest.param("a.txt", IN_NO_ENCODING, "iconv", id="in no encoding"),
    pytest.param("a.txt", b"", "empty", id="empty"),
    pytest.param("a.exe", b"MZ", "unknown kind", id="unknown kind"),
    pytest.param("a.jsonl", b"{", "line 1", id="no JSON"),
    pytest.param("a.jsonl", b"[" * 100_000, "line 1", id="nested JSON"),
    pytest.param("a.jsonl.xz", b"no xz", "damaged", id="no xz"),
]


@pytest.mark.parametrize(("name", "data", "words"), BAD_FILES)
def test_only_a_bad_file_is_unusable_input_and_named_in_one_line(
    youju, tmp_path, name, data, words
):
    (tmp_path / name).write_bytes(data)
    status, out, err = youju("index", tmp_path / name)
    (skipped,) = [line for line in err if line.startswith("skipped: ")]
    assert (status, out) == (2, "")
    assert name in skipped
    assert words in skipped


@pytest.mark.parametrize(
    ("name", "data", "words"), [p for p in BAD_FILES if p.id != "unknown kind"]
)
def test_a_bad_file_among_good_ones_is_skipped_and_the_status_says_so(
    youju, tmp_path, name, data, words
):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / name).write_bytes(data)
    (folder / "good.txt").write_text(TEXT, encoding="utf-8")
    status, _, err = youju("index", folder)
    assert status == 1
    assert len([line for line in err if line.startswith("skipped: ") and words in line]) == 1
    assert "1 skipped" in err[-1]
    assert Store.open(tmp_path / "index").sources() == ["good.txt"]


@pytest.mark.parametrize("kind", ["missing", "empty folder"])
def test_an_unusable_path_costs_one_line(youju, tmp_path, kind):
    path = tmp_path / "there"
    if kind == "empty folder":
        path.mkdir()
    status, out, err = youju("index", path)
    (line,) = err
    assert (status, out) == (2, "")
    assert str(path) in line
    assert not (tmp_path / "index").exists()


def test_an_index_of_another_embedder_costs_one_line(youju, tmp_path):
    model = CharacterEmbedder()
    Store.create(tmp_path / "index", model.name, model.fingerprint, model.dimension).close()
    (tmp_path / "a.txt").write_text(TEXT, encoding="utf-8")
    status, _, err = youju("index", tmp_path / "a.txt")
    (line,) = err
    assert status == 2
    assert "'characters'" in line
    assert "--index" in line


def no_database(file):
    file.write_bytes(b"this is no database" * 1000)


def half_the_file(file):
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 8192 * 4096])


def junk_behind_the_head(file):
    data = file.read_bytes()
    file.write_bytes(data[:8192] + b"U" * (len(data) - 8192))


@pytest.mark.parametrize("damage", [no_database, half_the_file, junk_behind_the_head])
@pytest.mark.parametrize("command", [["articles", "--json"], ["index", SEEDS], ["remove", "a"]])
def test_a_damaged_index_costs_one_line(youju, seeds_index, tmp_path, damage, command):
    index = shutil.copytree(seeds_index, tmp_path / "damaged")
    damage(index / FILE)
    status, out, err = youju(*command, index=index)
    assert (status, out) == (2, "")
    assert len(err) == 1
    assert "youju index" in err[0]


def test_a_bad_setting_costs_one_line(youju, tmp_path, monkeypatch):
    monkeypatch.setenv("YOUJU_MAX_CHUNK_CHARS", "0")
    (tmp_path / "a.txt").write_text(TEXT, encoding="utf-8")
    status, _, err = youju("index", tmp_path / "a.txt")
    assert (status, len(err)) == (2, 1)
    assert "max_chunk_chars" in err[0]


# -- articles ----------------------------------------------------------------------------------


def test_the_seed_articles_are_listed_with_every_field(youju, seeds_index):
    status, out, err = youju("articles", "--json", index=seeds_index)
    rows = article_rows(out)
    assert (status, err, len(rows)) == (0, [], 13)
    fields = {"id", "source", "title", "published", "byline", "characters", "spans"}
    assert all(set(row) == fields for row in rows)


def test_the_spans_of_an_article_lie_in_its_source_file(youju, seeds_index):
    for row in article_rows(youju("articles", "--json", index=seeds_index)[1]):
        raw = (SEEDS / row["source"]).read_bytes().decode("utf-8")
        assert all(0 <= a < b <= len(raw) for a, b in row["spans"])
        assert sum(b - a for a, b in row["spans"]) >= row["characters"] * 0.9


def test_articles_are_listed_one_a_line_for_people(youju, seeds_index):
    status, out, _ = youju("articles", index=seeds_index)
    assert status == 0
    assert len(out.splitlines()) == 13
    assert all(re.match(r"[0-9a-f]{12}  .*\[.*\.txt\]$", line) for line in out.splitlines())


@pytest.mark.parametrize("command", [["articles"], ["articles", "--json"], ["remove", "a.txt"]])
def test_a_missing_index_costs_one_line_that_says_how_to_make_it(youju, tmp_path, command):
    status, out, err = youju(*command)
    assert (status, out, len(err)) == (2, "", 1)
    assert "youju index PATH" in err[0]
    assert not (tmp_path / "index").exists()


# -- remove ------------------------------------------------------------------------------------


@pytest.fixture
def two_sources(youju, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("a.txt", "b.txt"):
        (folder / name).write_text(name + TEXT, encoding="utf-8")
    youju("index", folder)


def test_a_source_is_removed(youju, two_sources):
    assert youju("remove", "a.txt") == (0, "", ["1 removed"])
    assert [row["source"] for row in article_rows(youju("articles", "--json")[1])] == ["b.txt"]


def test_an_unknown_source_among_known_ones_is_named(youju, two_sources):
    status, _, err = youju("remove", "a.txt", "c.txt")
    assert (status, err[-1]) == (1, "1 removed")
    assert "'c.txt'" in err[0]


def test_only_unknown_sources_are_unusable_input(youju, two_sources):
    status, _, err = youju("remove", "c.txt")
    assert (status, err[-1]) == (2, "0 removed")


# -- as a program ------------------------------------------------------------------------------


def program(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "ui", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
    )


def test_a_bad_path_ends_the_program_with_status_two_and_one_line(tmp_path):
    done = program("index", tmp_path / "nowhere", "--index", tmp_path / "index")
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert "does not exist" in done.stderr


def test_the_program_prints_articles_as_utf_8_json(seeds_index):
    done = program("articles", "--json", "--index", seeds_index)
    assert done.returncode == 0
    assert "人形机器人" in "".join(row["title"] or "" for row in json.loads(done.stdout))


@pytest.mark.parametrize("arguments", [[], ["dance"], ["ask"]], ids=["none", "other", "ask"])
def test_a_wrong_command_line_shows_its_usage(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: youju" in capsys.readouterr().err


def test_indexing_nothing_says_what_to_name(capsys):
    assert main(["index"]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert "name files or folders" in said


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    out = capsys.readouterr().out
    assert caught.value.code == 0
    assert all(c in out for c in ("chat", "index", "remove", "articles", "ask", "eval", "gold"))


@pytest.mark.parametrize(
    ("options", "sources"),
    [
        pytest.param(["--source", "b.txt"], {"b.txt"}, id="source"),
        pytest.param(["--source", "*.txt", "--source", "c.*"], {"a.txt", "b.txt"}, id="patterns"),
        pytest.param(["--since", "2025-01-01"], {"d.jsonl#1"}, id="since"),
        pytest.param(["--title", "旧闻"], {"d.jsonl#2"}, id="title"),
    ],
)
def test_a_question_may_be_asked_of_some_articles_only(tmp_path, capsys, options, sources):
    folder = tmp_path / "articles"
    folder.mkdir()
    for name in "ab":
        (folder / f"{name}.txt").write_text(f"{name}厂的机器人交付了105台。", encoding="utf-8")
    records = [
        {"id": "1", "text": "机器人交付了三台。", "title": "新闻", "published": "2025-08-16"},
        {"id": "2", "text": "机器人交付了两台。", "title": "旧闻", "published": "2020-01-01"},
    ]
    lines = "\n".join(json.dumps(r, ensure_ascii=False) for r in records)
    (folder / "d.jsonl").write_text(lines, encoding="utf-8")
    index = str(tmp_path / "index")
    assert main(["index", str(folder), "--index", index]) == 0
    capsys.readouterr()
    main(["ask", "机器人交付了多少台?", "--index", index, "--json", *options])
    hits = json.loads(capsys.readouterr().out)["hits"]
    assert {hit["source"] for hit in hits} == sources


def test_a_day_that_is_none_is_named(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["ask", "?", "--since", "16.8.2025"])
    assert stop.value.code == 2
    assert "16.8.2025" in capsys.readouterr().err
