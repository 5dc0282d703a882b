"""rag.check: what cannot be read is named, what is derived is mended; killed or spoilt at any
point, an index is what it was before or what it was to be."""

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fakes import CharacterEmbedder
from test_store import CrashingConnection, connect, io_error, state

import embeddings
import rag.packing
import rag.store_articles
import rag.vectors
from rag.check import examine, repair
from rag.errors import DamagedIndex, StoreError
from rag.ingest import index_sources
from rag.lexical import LexicalIndex
from rag.search import Search
from rag.settings import Settings
from rag.store import FILE, Store
from rag.store_check import CheckedStore, Rows
from rag.types import Source
from ui.cli import main

KILLS = int(os.environ.get("YOUJU_KILLS", "3"))  # of a real process; 50 in the full measure
FLIPS = int(os.environ.get("YOUJU_FLIPS", "40"))  # bytes of an index
STORY = "机器人运动会昨天开幕。来自各地的队伍参加了比赛，观众很多。研究显示转动脚尖就够了。"
SOURCES = [
    *(Source(f"{n}.txt", f"第{n}篇。" + STORY[n:][:30] * (n % 3 + 1), f"题{n}") for n in range(12)),
    Source("twin.txt", "第3篇。" + STORY[3:33], "题3"),
    Source("long.txt", "".join(f"第{n}段说了{n * 7}件事。\n" for n in range(300))),
]


@pytest.fixture
def model(monkeypatch):
    monkeypatch.setattr(embeddings, "load", lambda name: CharacterEmbedder())


@pytest.fixture
def whole(tmp_path, model, monkeypatch):
    """An index with every kind of file, vector lists too."""
    monkeypatch.setattr(rag.vectors, "EXACT", 10)
    monkeypatch.setattr(rag.vectors, "_FEWEST_LISTS", 1)
    monkeypatch.setattr(rag.store_articles, "_LEARNT_FROM", 500)
    monkeypatch.setattr(rag.packing, "_BYTES", 512)
    folder = tmp_path / "whole"
    index_sources(folder, SOURCES)
    searched(folder, "观众")
    assert (folder / "lists.json").exists()
    return folder


def searched(folder, question):
    search = Search(
        lambda: Store.open(folder), LexicalIndex(folder), CharacterEmbedder(), Settings()
    )
    return [(hit.article.source, hit.span) for hit in search.find(question, 5)]


def seen(folder):
    store = Store.open(folder)
    try:
        return state(store)
    finally:
        store.close()


def spoil(folder, statement, *values):
    """Change rows as damage would: no trigger, no checksum, no foreign key knows of it."""
    connection = sqlite3.connect(folder / FILE)
    kept = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    for name, _ in (triggers := kept.fetchall()):
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute(statement, values)
    for _, sql in triggers:
        connection.execute(sql)
    connection.commit()
    connection.close()


def test_a_whole_index_has_nothing_to_mend(whole):
    assert examine(whole).lines() == []


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE chunk SET vector = zeroblob(32) WHERE number = 3", "passage 3"),
        ("UPDATE chunk SET start = start + 1 WHERE number = 3", "passage 3"),
        ("UPDATE article SET title = 'x' WHERE source = '5.txt'", "'5.txt' is to be made anew"),
        ("DELETE FROM chunk WHERE number > 20", "passages of article"),
        ("DELETE FROM article WHERE source = 'long.txt'", "it has no articles"),
        ("DELETE FROM sketch WHERE number < 5", "near-duplicates"),
        ("UPDATE posting SET rows = x'01'", "near-duplicates"),
        ("UPDATE setting SET value = 99 WHERE name = 'count source'", "99 were counted"),
    ],
)
def test_what_is_derived_from_the_texts_is_mended(whole, statement, said):
    before = seen(whole)
    spoil(whole, statement)
    found = examine(whole)
    assert said in "\n".join(found.lines())
    assert repair(whole, found) == []
    assert examine(whole).lines() == []
    assert seen(whole) == before


def test_one_copy_of_the_dictionary_is_enough(whole):
    before = seen(whole)
    packed = "SELECT count(*) FROM source WHERE substr(text, 1, 1) = x'7a'"
    assert sqlite3.connect(whole / FILE).execute(packed).fetchone() == (4,)
    for damage in (
        "UPDATE dictionary SET data = zeroblob(512) WHERE copy = 0",
        "DELETE FROM dictionary WHERE copy = 1",
    ):
        spoil(whole, damage)
        assert seen(whole) == before
        found = examine(whole)
        assert "what texts are packed with" in " ".join(found.lines())
        assert repair(whole, found) == []
        assert examine(whole).lines() == []
    assert seen(whole) == before


def test_without_its_dictionary_the_texts_packed_with_it_are_named(whole):
    spoil(whole, "UPDATE dictionary SET data = zeroblob(512)")
    with pytest.raises(DamagedIndex, match="long"):
        Store.open(whole).source("long.txt")
    found = examine(whole)
    packed = ["9.txt", "10.txt", "11.txt", "long.txt"]
    assert list(found.rows.lost) == packed
    assert repair(whole, found) == packed
    assert examine(whole).lines() == []
    assert "1.txt" in Store.open(whole).sources()


def test_a_repair_that_fails_at_any_statement_leaves_the_damage_as_it_was(whole):
    spoil(whole, "UPDATE source SET title = 'x' WHERE name = '5.txt'")
    rows = examine(whole).rows
    for n in range(1, 1000):
        store = CheckedStore(whole, CrashingConnection(connect(whole), n, io_error))
        try:
            store.mend(rows)
        except StoreError:
            assert examine(whole).rows == rows
        else:
            break
        finally:
            store.close()
    assert n > 10
    assert examine(whole).rows == Rows()


def test_a_source_that_is_lost_is_named_and_may_be_indexed_again(whole):
    before = seen(whole)
    spoil(whole, "UPDATE source SET title = 'x' WHERE name = '5.txt'")
    found = examine(whole)
    assert "source '5.txt' is lost" in found.lines()[0]
    assert repair(whole, found) == ["5.txt"]
    assert examine(whole).lines() == []
    assert "5.txt" not in Store.open(whole).sources()
    index_sources(whole, SOURCES)
    assert seen(whole) == before


def test_an_index_of_the_store_is_made_anew(whole):
    before = seen(whole)
    connection = sqlite3.connect(whole / FILE)
    connection.execute("PRAGMA writable_schema = ON")
    sql = "CREATE INDEX chunk_article ON chunk(start)"  # the same pages, read otherwise
    connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'chunk_article'", (sql,))
    connection.commit()
    connection.close()
    found = examine(whole)
    assert found.indexes
    repair(whole, found)
    assert examine(whole).lines() == []
    assert seen(whole) == before


@pytest.mark.parametrize("name", ["lists.npz", "lists.json", "lexical/state.json"])
def test_a_spoilt_derived_file_is_named_and_made_anew(whole, name):
    before = searched(whole, "第3篇")
    data = bytearray((whole / name).read_bytes())
    data[len(data) // 2] ^= 0xFF
    replaced(whole / name, data)
    found = examine(whole)
    assert name.split("/")[-1] in "\n".join(found.lines())
    repair(whole, found)
    assert examine(whole).lines() == []
    assert searched(whole, "第3篇") == before


def replaced(file, data):
    """Put other bytes in a file's place: what has it mapped keeps the old."""
    (draft := file.with_name("draft")).write_bytes(data)
    draft.replace(file)


def test_pages_that_cannot_be_read_cost_their_sources_and_no_more(whole):
    before = dict(zip(Store.open(whole).sources(), seen(whole)[0], strict=True))
    with sqlite3.connect(whole / FILE) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        root = "SELECT rootpage FROM sqlite_master WHERE name = 'chunk'"
        page = connection.execute(root).fetchone()[0] - 1
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    data = bytearray((whole / FILE).read_bytes())
    data[page * size : (page + 1) * size] = b"U" * size
    replaced(whole / FILE, data)
    found = examine(whole)
    assert found.unreadable
    assert repair(whole, found) == []
    store = Store.open(whole)
    assert {name: store.source(name) for name in store.sources()} == before
    assert (whole / "damaged-1" / FILE).exists()
    assert examine(whole).lines() == []


def test_flipping_any_byte_is_noticed_or_changes_nothing(whole, tmp_path):
    before, found_before = seen(whole), searched(whole, "第3篇")
    rng = random.Random(7)
    for n in range(FLIPS):
        folder = shutil.copytree(whole, tmp_path / str(n))
        files = sorted(p for p in folder.rglob("*") if p.is_file() and p.stat().st_size)
        file = rng.choice([file for file in files if file.name != "lock"])
        data = bytearray(file.read_bytes())
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        file.write_bytes(data)
        try:
            found = examine(folder)
            if not found.lines():
                assert seen(folder) == before
                assert searched(folder, "第3篇") == found_before
            else:
                lost = repair(folder, found)
                kept = [s for s in before[0] if s.name not in lost]
                assert [s for s in seen(folder)[0] if s in kept] == kept
        except StoreError as error:
            assert "\n" not in str(error)
        shutil.rmtree(folder)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_truncated_file_is_named(whole, share):
    file = whole / FILE
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])
    try:
        assert examine(whole).lines()
    except DamagedIndex as error:
        assert "youju" in str(error)


INDEXER = """
import sys, itertools
sys.path[:0] = [{tests!r}, {root!r}]
import embeddings, rag.ingest
from pathlib import Path
from fakes import CharacterEmbedder
from rag.types import Source
embeddings.load = lambda name: CharacterEmbedder()
rag.ingest._BATCH = 4
print("ready", flush=True)
for version in itertools.count(int(sys.argv[2])):
    sources = [Source(f"{{n}}.txt", f"第{{version}}版，第{{n}}篇文章说机器人。") for n in range(24)]
    rag.ingest.index_sources(Path(sys.argv[1]), sources)
    print(version, flush=True)
"""


def test_a_process_killed_at_any_time_leaves_whole_batches(tmp_path, model):
    root = Path(__file__).resolve().parent
    code = INDEXER.format(tests=str(root), root=str(root.parent))
    rng, folder, version = random.Random(11), tmp_path / "index", 0
    for _ in range(KILLS):
        command = [sys.executable, "-c", code, str(folder), str(version)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "ready\n"
            time.sleep(rng.uniform(0.01, 0.6))
            process.send_signal(signal.SIGKILL)
        if not (folder / FILE).exists():
            continue
        version += 100
        assert examine(folder).lines() == []
        store = Store.open(folder)
        versions = [store.source(name).text.split("版")[0] for name in sorted(
            store.sources(), key=lambda name: int(name.split(".")[0])
        )]
        batches = [set(versions[at : at + 4]) for at in range(0, len(versions), 4)]
        assert all(len(batch) == 1 for batch in batches)
        assert len(versions) % 4 == 0
        lexical = LexicalIndex(folder)
        lexical.refresh(store)
        assert lexical.frequencies(["文章"]) == {"文章": len(versions)}
        store.close()


def test_a_word_index_that_a_killed_writer_left_is_made_anew_and_no_damage(whole, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt  # as dead as a process: nothing catches it

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(LexicalIndex, "_write_state", killed)  # its files are already written
        index_sources(whole, [*SOURCES, Source("more.txt", "运动会闭幕了，观众散去。")])
        searched(whole, "观众")
    assert examine(whole).lines() == []
    store, lexical = Store.open(whole), LexicalIndex(whole)
    lexical.refresh(store)
    held = sum("观众" in chunk.text for chunk in store.texts(store.chunk_numbers()).values())
    assert lexical.frequencies(["观众"]) == {"观众": held}
    assert not (whole / "lexical" / "writing").exists()
    store.close()


def test_the_command_says_what_is_wrong_and_mends_it(whole, capsys):
    words = ["check", "--index", str(whole)]
    assert main(words) == 0
    assert "nothing is wrong" in capsys.readouterr().err
    spoil(whole, "UPDATE chunk SET start = start + 1 WHERE number = 3")
    assert main(words) == 1
    assert "passage 3" in (told := capsys.readouterr()).out
    assert "--repair" in told.err
    assert main([*words, "--repair", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (len(told["damage"]), told["lost"], told["left"]) == (1, [], [])
    assert main(words) == 0
