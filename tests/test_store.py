"""rag.store: what goes in comes out, and a change is made whole or not at all."""

import json
import shutil
import sqlite3
import tempfile
from pathlib import Path

import numpy as np
import pytest
from fakes import CharacterEmbedder, put
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import DamagedIndex, MissingIndex, StoreError, WrongEmbedder
from rag.packing import pack, unpack
from rag.store import FILE, Store
from rag.types import Chunk, Source, Span

ROBOTS = (
    "今年7月交付人形机器人105台，创了纪录。8月的目标是200台！公司对此很有信心，计划明年扩大生产。"
)
KNEES = "调整步态训练可以减轻膝关节疼痛。研究显示，转动脚尖3.44度就够了。"
GAMES = "机器人运动会在北京开幕，280支队伍参加。"


def make(folder):
    model = CharacterEmbedder()
    return Store.create(folder, model.name, model.fingerprint, model.dimension)


def filled(folder):
    store = make(folder)
    with store.transaction():
        put(store, "robots.txt", ROBOTS)
        put(store, "knees.txt", KNEES, title="膝关节研究")
    return store


def state(store):
    """Return all a reader can see, chunk numbers left out."""
    numbers = store.chunk_numbers()
    vectors = store.vectors(numbers)
    chunks = store.chunks(numbers)
    passages = sorted((text, title or "") for _, text, title in store.passages())
    rows = sorted(
        (store.article(chunks[n].article_id).text, *chunks[n].span, v.tolist())
        for n, v in zip(numbers, vectors, strict=True)
    )
    sources = [store.source(name) for name in store.sources()]
    return sources, store.articles(), rows, passages, store.digests()


class CrashingConnection:
    """A connection that fails at one statement, counted from 1, and works again afterwards."""

    def __init__(self, connection, fails_at, fail):
        self.connection = connection
        self.left = fails_at
        self.fail = fail

    def execute(self, statement, *values):
        self.left -= 1
        if self.left == 0:
            self.fail()
        return self.connection.execute(statement, *values)

    def executemany(self, statement, rows):
        """One row after another, so that it may fail between two."""
        for row in rows:
            self.execute(statement, row)

    @property
    def in_transaction(self):
        return self.connection.in_transaction

    def close(self):
        self.connection.close()


def connect(folder, **options):
    connection = sqlite3.connect(folder / FILE, isolation_level=None, **options)
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def change(store):
    with store.transaction():
        put(store, "robots.txt", GAMES + ROBOTS)
        put(store, "games.txt", GAMES)
        store.remove("knees.txt")


def io_error():
    raise sqlite3.OperationalError("disk I/O error")


# -- what goes in comes out --------------------------------------------------------------------


def test_a_source_comes_back_as_it_went_in(tmp_path):
    store = make(tmp_path)
    source = Source("a.jsonl#1", "字\r\n\ufeff\x00😀", "题", "2025-08-16", "https://a.cn/", (0, 3))
    with store.transaction():
        store.put(source, "digest", [], [], np.zeros((0, 16), np.float32))
    assert store.source("a.jsonl#1") == source
    assert store.digests() == {"a.jsonl#1": "digest"}


def test_articles_come_back_as_they_went_in(tmp_path):
    store = filled(tmp_path)
    (article,) = store.articles("knees.txt")
    assert (article.text, article.title) == (KNEES, "膝关节研究")
    assert store.article(article.id) == article
    assert article.to_source(Span(0, len(KNEES)), KNEES) == (Span(0, len(KNEES)),)


def test_chunks_and_vectors_share_their_numbers(tmp_path):
    store = filled(tmp_path)
    numbers = store.chunk_numbers()
    vectors = store.vectors(numbers)
    chunks = store.chunks(numbers)
    assert list(chunks) == numbers
    assert vectors.shape == (len(numbers), 16)
    texts = [store.article(c.article_id).text[c.span.start : c.span.end] for c in chunks.values()]
    assert np.allclose(vectors, CharacterEmbedder().encode_queries(texts), atol=3e-3)


def test_an_empty_index_has_no_vectors_and_no_passages(tmp_path):
    store = make(tmp_path)
    numbers = store.chunk_numbers()
    vectors = store.vectors(numbers)
    assert (numbers, vectors.shape) == ([], (0, 16))
    assert (list(store.passages()), store.last_chunk()) == ([], 0)


@pytest.mark.parametrize("name", ["nowhere.txt", "robots.txt' OR 1=1 --"])
def test_an_unknown_name_is_a_key_error(tmp_path, name):
    store = filled(tmp_path)
    with pytest.raises(KeyError):
        store.source(name)
    with pytest.raises(KeyError):
        store.article(name)
    assert store.articles(name) == []


def test_passages_are_the_text_of_chunks_and_the_title_of_their_article(tmp_path):
    store = filled(tmp_path)
    numbers = store.chunk_numbers()
    passages = list(store.passages())
    assert [number for number, _, _ in passages] == numbers == store.chunk_numbers()
    assert "".join(text for _, text, title in passages if title == "膝关节研究") == KNEES
    assert list(store.passages(after=numbers[0])) == passages[1:]


def test_chunks_are_counted_up_to_a_number(tmp_path):
    store = filled(tmp_path)
    first, *_, last = store.chunk_numbers()
    assert (store.count_chunks(after=last - 1), store.count_chunks(after=last)) == (1, 0)
    assert store.count_chunks(after=first - 1) == store.counts()["chunk"]
    assert store.chunk_numbers(after=first) == store.chunk_numbers()[1:]
    assert store.last_chunk() == last


def test_a_reader_sees_one_state_while_it_reads(tmp_path):
    writing = filled(tmp_path)
    reading = Store.open(tmp_path)
    with reading.reading():
        before = reading.revision, reading.sources()
        change(writing)
        assert (reading.revision, reading.sources()) == before
    assert reading.revision == before[0] + 1


# -- put, replace, remove ----------------------------------------------------------------------


NAMES = st.sampled_from(["a.txt", "b.txt", "c.txt"])
TEXTS = st.sampled_from([ROBOTS, KNEES, GAMES, GAMES + "\n" + KNEES, "　"])


@given(st.lists(st.tuples(NAMES, st.one_of(st.none(), TEXTS)), max_size=8))
@settings(max_examples=25, deadline=None)
def test_any_history_of_changes_ends_like_a_fresh_index(changes):
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        store, fresh = make(Path(one)), make(Path(other))
        last = {}
        for name, text in changes:
            with store.transaction():
                if text is None:
                    assert store.remove(name) is (last.pop(name, None) is not None)
                else:
                    put(store, name, text)
                    last[name] = text
        with fresh.transaction():
            for name, text in last.items():
                put(fresh, name, text)
        assert state(store) == state(fresh)
        assert store.counts() == fresh.counts()
        store.close()
        fresh.close()


def test_removing_takes_chunks_along(tmp_path):
    store = filled(tmp_path)
    with store.transaction():
        assert store.remove("robots.txt")
        assert store.remove("knees.txt")
    assert store.counts() == {"source": 0, "article": 0, "chunk": 0}
    assert list(store.passages()) == []


def test_removing_what_is_not_there_says_so(tmp_path):
    store = filled(tmp_path)
    with store.transaction():
        assert not store.remove("nowhere.txt")
    assert store.counts()["source"] == 2


def test_chunk_numbers_are_never_used_twice(tmp_path):
    store = filled(tmp_path)
    before = store.chunk_numbers()
    change(store)
    after = store.chunk_numbers()
    assert not set(before) & set(after)


# -- whole or not at all -----------------------------------------------------------------------


def test_a_failure_at_any_statement_leaves_the_old_state(tmp_path):
    old = state(filled(tmp_path))
    for n in range(1, 1000):
        store = Store(tmp_path, CrashingConnection(connect(tmp_path), n, io_error))
        try:
            change(store)
        except StoreError:
            assert state(store) == old
            assert state(Store.open(tmp_path)) == old
        else:
            break
        finally:
            store.close()
    assert n > 12  # statements in the change
    new = state(Store.open(tmp_path))
    assert [s.name for s in new[0]] == ["games.txt", "robots.txt"]


def test_a_kill_at_any_statement_leaves_the_old_state_or_the_new(tmp_path):
    """Killed means: what the disk holds at that moment is all there is."""
    folder = tmp_path / "index"
    before = filled(folder)
    old = state(before)
    shots = []

    class Camera(CrashingConnection):
        def execute(self, statement, *values):
            shots.append(shutil.copytree(folder, tmp_path / str(len(shots))))
            return super().execute(statement, *values)

    change(Store(folder, Camera(connect(folder), 0, io_error)))
    shots.append(shutil.copytree(folder, tmp_path / "last"))
    new = state(before)
    seen = [state(Store.open(shot)) for shot in shots]
    assert all(s in (old, new) for s in seen)
    assert (seen[0], seen[-1]) == (old, new)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, sqlite3.IntegrityError])
def test_an_exception_inside_a_transaction_comes_through_and_undoes_it(tmp_path, error):
    store = filled(tmp_path)
    old = state(store)
    with pytest.raises(error), store.transaction():
        put(store, "games.txt", GAMES)
        raise error
    assert state(store) == old


def test_a_full_disk_leaves_the_old_state(tmp_path):
    old = state(filled(tmp_path))
    connection = connect(tmp_path)
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 1}")
    store = Store(tmp_path, connection)
    with pytest.raises(StoreError, match="as it was before"), store.transaction():
        put(store, "large.txt", ROBOTS * 500)
    assert state(store) == old


def test_a_second_writer_is_told_to_wait(tmp_path):
    writing = filled(tmp_path)
    waiting = Store(tmp_path, connect(tmp_path, timeout=0))
    with (
        writing.transaction(),
        pytest.raises(StoreError, match="try again later"),
        waiting.transaction(),
    ):
        pass


def test_a_reader_sees_the_old_state_until_the_commit(tmp_path):
    writing = filled(tmp_path)
    reading = Store.open(tmp_path)
    old = state(reading)
    with writing.transaction():
        put(writing, "games.txt", GAMES)
        assert state(reading) == old
    assert "games.txt" in reading.sources()


def test_every_commit_raises_the_revision(tmp_path):
    store = filled(tmp_path)
    before = store.revision
    change(store)
    assert Store.open(tmp_path).revision == before + 1


# -- opening -----------------------------------------------------------------------------------


def test_reopening_gives_the_same_state(tmp_path):
    store = filled(tmp_path)
    before = state(store)
    store.close()
    assert state(Store.open(tmp_path)) == before
    assert state(make(tmp_path)) == before


def test_opening_a_missing_index_says_how_to_make_one(tmp_path):
    with pytest.raises(MissingIndex, match="youju index"):
        Store.open(tmp_path / "nowhere")


def test_opening_a_missing_index_makes_nothing(tmp_path):
    with pytest.raises(MissingIndex):
        Store.open(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("killed_after", ["creating the file", "setting its mode"])
def test_an_index_whose_maker_was_killed_is_made_anew(tmp_path, killed_after):
    if killed_after == "creating the file":
        (tmp_path / FILE).touch()
    else:
        connection = sqlite3.connect(tmp_path / FILE)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.close()
    with pytest.raises(MissingIndex):
        Store.open(tmp_path)
    assert make(tmp_path).counts()["source"] == 0


def test_another_embedder_is_refused_by_name(tmp_path):
    filled(tmp_path)
    with pytest.raises(WrongEmbedder, match=r"characters.*--embedder characters"):
        Store.create(tmp_path, "other", "000000000000", 16)


@pytest.mark.parametrize(
    ("found", "said"),
    [(5, "earlier Youju .format 5"), (99, "later Youju .format 99"), ("x", "format 'x'")],
)
def test_another_format_is_refused_with_what_to_type(tmp_path, found, said):
    filled(tmp_path).close()
    connection = connect(tmp_path)
    connection.execute("UPDATE setting SET value = ? WHERE name = 'format'", (found,))
    connection.close()
    with pytest.raises(DamagedIndex, match=f"{said}.*`youju index`"):
        Store.open(tmp_path)


def test_a_database_of_something_else_is_refused(tmp_path):
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("CREATE TABLE bookmark (address TEXT)")
    connection.commit()
    connection.close()
    with pytest.raises(DamagedIndex, match="youju index"):
        Store.open(tmp_path)


def test_a_folder_that_is_a_file_is_a_store_error(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="--index"):
        make(tmp_path / "file")


@pytest.mark.parametrize(
    ("spoil", "key"),
    [
        ("DELETE FROM source WHERE name = 'robots.txt'", "robots.txt"),
        ("UPDATE source SET title = 'x' WHERE name = 'robots.txt'", "robots.txt"),
        ("UPDATE source SET text = x'00' WHERE name = 'robots.txt'", "robots.txt"),
    ],
    ids=["a row gone", "a value changed", "a text changed"],
)
def test_what_changed_without_the_stores_knowledge_is_damage(tmp_path, spoil, key):
    store = filled(tmp_path)
    connection = sqlite3.connect(tmp_path / FILE)  # as damage would: without its triggers
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute(spoil)
    connection.commit()
    with pytest.raises(DamagedIndex, match="youju check"):
        store.source(key)


@pytest.mark.parametrize("text", ["字\r\n\ufeff\x00😀", "\ud800 alone", "", "plain"])
def test_any_text_comes_back_from_its_packing(text):
    assert unpack(pack(text)) == text


# -- the same text under two names -------------------------------------------------------------


def twice(folder):
    store = make(folder)
    for name in ("a.txt", "b.txt", "c.txt"):
        with store.transaction():
            put(store, name, ROBOTS, title="题")
    return store


def test_the_same_text_under_several_names_is_kept_once(tmp_path):
    store, once = twice(tmp_path / "thrice"), make(tmp_path / "once")
    with once.transaction():
        put(once, "a.txt", ROBOTS, title="题")
    assert store.counts() == {"source": 3, "article": 3, "chunk": once.counts()["chunk"]}
    assert [store.source(name).text for name in store.sources()] == [ROBOTS] * 3
    assert [a.text for a in store.articles()] == [ROBOTS] * 3
    assert store.raw(["b.txt"]) == {"b.txt": ROBOTS}


def test_every_name_leads_to_the_chunks_and_they_to_every_name(tmp_path):
    store = twice(tmp_path)
    first, *others = (store.articles(name)[0] for name in ("a.txt", "b.txt", "c.txt"))
    assert store.chunks_of([others[1].id]) == store.chunk_numbers()
    assert store.same_articles([first.id]) == {first.id: others}


@pytest.mark.parametrize("gone", ["a.txt", "b.txt"])
def test_the_others_stay_when_one_name_is_taken_out(tmp_path, gone):
    store = twice(tmp_path)
    numbers = store.chunk_numbers()
    with store.transaction():
        assert store.remove(gone)
    left = [name for name in ("a.txt", "b.txt", "c.txt") if name != gone]
    assert [store.source(name).text for name in left] == [ROBOTS] * 2
    assert {a.source: a.text for a in store.articles()} == dict.fromkeys(left, ROBOTS)
    assert store.chunk_numbers() == numbers
    assert {store.texts([n])[n].source for n in numbers} == {left[0]}
    with store.transaction():
        store.remove(left[0])
        store.remove(left[1])
    assert store.counts() == {"source": 0, "article": 0, "chunk": 0}


def test_a_failure_while_passages_change_hands_leaves_the_old_state(tmp_path):
    old = state(twice(tmp_path))
    for n in range(1, 1000):
        store = Store(tmp_path, CrashingConnection(connect(tmp_path), n, io_error))
        try:
            with store.transaction():
                store.remove("a.txt")
        except StoreError:
            assert state(Store.open(tmp_path)) == old
        else:
            break
        finally:
            store.close()
    assert n > 12
    assert Store.open(tmp_path).sources() == ["b.txt", "c.txt"]


def test_a_name_that_gets_another_text_leaves_the_others_theirs(tmp_path):
    store = twice(tmp_path)
    with store.transaction():
        put(store, "a.txt", KNEES)
    texts = {name: store.source(name).text for name in store.sources()}
    assert texts == {"a.txt": KNEES, "b.txt": ROBOTS, "c.txt": ROBOTS}
    assert {store.texts([n])[n].source for n in store.chunk_numbers()} == {"a.txt", "b.txt"}


def damaged(folder, page, junk):
    """Overwrite one page of the index of `folder`."""
    data = bytearray((folder / FILE).read_bytes())
    data[page * 4096 : (page + 1) * 4096] = junk * (4096 // len(junk))
    (folder / FILE).write_bytes(data)


@pytest.mark.parametrize("junk", [b"\xff", b"U", b"\0"], ids=["ones", "letters", "zeros"])
def test_a_damaged_page_is_a_store_error_at_worst(tmp_path, junk):
    filled(tmp_path / "whole").close()
    for page in range((tmp_path / "whole" / FILE).stat().st_size // 4096):
        folder = shutil.copytree(tmp_path / "whole", tmp_path / str(page))
        damaged(folder, page, junk)
        try:
            store = Store.open(folder)
            state(store)
            change(store)
        except StoreError as error:
            assert "\n" not in str(error)


def test_a_truncated_index_is_damaged(tmp_path):
    filled(tmp_path).close()
    data = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(data[: len(data) // 8192 * 4096])
    with pytest.raises(DamagedIndex):
        state(Store.open(tmp_path))


def test_runs_are_kept_as_plain_json(tmp_path):
    filled(tmp_path)
    (row,) = connect(tmp_path).execute("SELECT runs FROM article WHERE source = 'knees.txt'")
    assert json.loads(row[0]) == [0, len(KNEES)]


def test_a_chunk_of_an_unknown_article_is_refused(tmp_path):
    store = make(tmp_path)
    with pytest.raises(sqlite3.IntegrityError), store.transaction():
        store.put(
            Source("a.txt", "字"), "", [], [Chunk("b", Span(0, 1))], np.zeros((1, 16), np.float32)
        )
    assert store.counts()["source"] == 0
