"""rag.lexical: BM25 by the formula, always of the store's state, whatever the disk holds."""

import json
import math
import multiprocessing
import shutil
import sqlite3
import tempfile
import threading
from collections import Counter
from pathlib import Path

import pytest
from fakes import CharacterEmbedder, put
from hypothesis import example, given, settings
from hypothesis import strategies as st

import rag.lexical
from rag.lexical import FOLDER, LexicalIndex
from rag.store import Store
from rag.terms import terms

ROBOTS = (
    "今年7月交付人形机器人105台，创了纪录。8月的目标是200台！公司对此很有信心，计划明年扩大生产。"
)
KNEES = "调整步态训练可以减轻膝关节疼痛。研究显示，转动脚尖3.44度就够了。"
GAMES = "机器人运动会在北京开幕，280支队伍参加。"
WORDS = ["机器", "人", "3.44", "膝", "105", "研究", "在", "nowhere"]


def make(folder):
    model = CharacterEmbedder()
    return Store.create(folder, model.name, model.fingerprint, model.dimension)


def filled(folder):
    store = make(folder)
    with store.transaction():
        put(store, "robots.txt", ROBOTS)
        put(store, "knees.txt", KNEES, title="膝关节研究")
    return store


def opened(store, told=None):
    index = LexicalIndex(store.folder, (told if told is not None else []).append)
    index.refresh(store)
    return index


def bm25(store, weights):
    """Return {chunk number: score} by the formula, with exact lengths."""
    held = {n: Counter(terms(text) + terms(title or "")) for n, text, title in store.passages()}
    mean = sum(c.total() for c in held.values()) / max(len(held), 1)
    scores = Counter()
    for term, weight in weights.items():
        having = sum(term in c for c in held.values())
        rarity = math.log(1 + (len(held) - having + 0.5) / (having + 0.5))
        for number, c in held.items():
            if term in c:
                length = 0.25 + 0.75 * c.total() / mean
                scores[number] += weight * rarity * 2.2 * c[term] / (c[term] + 1.2 * length)
    return scores


def assert_right(index, store):
    """Assert that the index answers as the store's present state demands."""
    assert (index.revision, index.count) == (store.revision, store.counts()["chunk"])
    texts = {n: terms(text) + terms(title or "") for n, text, title in store.passages()}
    holders = {w: {n for n, held in texts.items() if w in held} for w in WORDS}
    assert index.frequencies(WORDS) == {w: len(found) for w, found in holders.items()}
    for word in WORDS:
        assert {n for n, _ in index.search({word: 1.0}, 99)} == holders[word]


def state_file(folder):
    return folder / FOLDER / "state.json"


def files(folder):
    """Return the files of the tantivy index that the state file names."""
    name = json.loads(state_file(folder).read_text())["name"]
    return sorted(p for p in (folder / FOLDER / name).iterdir() if p.suffix != ".lock")


# -- search ------------------------------------------------------------------------------------

TEXTS = st.text("机器人膝关节7a，。", min_size=1, max_size=35)
WEIGHTS = st.dictionaries(
    st.sampled_from(["机", "机器", "人", "膝", "7", "a", "b"]), st.floats(0.125, 4.0), min_size=1
)


@given(st.lists(TEXTS, min_size=1, max_size=8), WEIGHTS, st.integers(1, 9))
@example(["7a人人人人人人人人人人人人人机"], {"机": 1.0}, 1)
@settings(max_examples=20, deadline=None)
def test_scores_are_bm25_by_the_formula(texts, weights, limit):
    with tempfile.TemporaryDirectory() as folder:
        store = make(Path(folder))
        with store.transaction():
            for n, text in enumerate(texts):
                # up to 40 terms the length is exact; a title would add its own
                put(store, f"{n}.txt", text, title="", max_chars=20)
        exact = bm25(store, weights)
        found = opened(store).search(weights, limit)
        store.close()
    assert len(found) == min(limit, len(exact))
    assert all(abs(exact[n] - score) < 1e-3 for n, score in found)
    best = sorted(exact.values(), reverse=True)[:limit]
    assert all(abs(a - b) < 1e-3 for a, (_, b) in zip(best, found, strict=True))
    assert found == sorted(found, key=lambda pair: (-pair[1], pair[0]))


def test_ties_are_broken_by_chunk_number_whatever_the_limit(tmp_path):
    store = make(tmp_path)
    with store.transaction():
        for n in range(60):
            put(store, f"{n}.txt", GAMES)
    index = opened(store)
    everything = index.search({"机器": 1.0}, 99)
    assert [n for n, _ in everything] == store.chunk_numbers()
    for limit in (1, 7, 59):
        assert index.search({"机器": 1.0}, limit) == everything[:limit]


def test_a_weight_multiplies_and_none_leaves_out(tmp_path):
    index = opened(filled(tmp_path))
    ((one, single),) = index.search({"3.44": 1.0}, 5)
    assert index.search({"3.44": 2.0, "105": 0.0, "机器": -1.0}, 5) == [
        (one, pytest.approx(2 * single, abs=2e-3))
    ]


def test_the_title_is_part_of_what_a_passage_is_found_by(tmp_path):
    store = make(tmp_path)
    with store.transaction():
        put(store, "games.txt", GAMES, title="亦庄新闻")
    assert opened(store).search({"亦庄": 1.0}, 5)


@pytest.mark.parametrize(
    "weights", [{}, {"": 1.0}, {"机 器": 1.0}, {"\x00": 1.0}, {"x" * 70000: 1.0}]
)
def test_what_no_passage_holds_finds_nothing(tmp_path, weights):
    assert opened(filled(tmp_path)).search(weights, 5) == []


def test_a_question_of_thousands_of_words_may_be_searched_for(tmp_path):
    words = terms("".join(map(chr, range(0x4E00, 0x4E00 + 2000))) + ROBOTS)
    assert opened(filled(tmp_path)).search(dict.fromkeys(words, 1.0), 3)


def test_an_empty_store_and_an_index_before_its_first_refresh_find_nothing(tmp_path):
    store = make(tmp_path)
    before, after = LexicalIndex(tmp_path), opened(store)
    for index in (before, after):
        assert index.search({"机器": 1.0}, 5) == []
        assert (index.count, index.frequencies(["机器"])) == (0, {"机器": 0})
    assert (before.revision, after.revision) == (-1, 0)


# -- always the store's state ------------------------------------------------------------------

NAMES = st.sampled_from(["a.txt", "b.txt", "c.txt"])
CHANGES = st.tuples(NAMES, st.one_of(st.none(), st.sampled_from([ROBOTS, KNEES, GAMES])))


@pytest.mark.parametrize("small", [0, 2000], ids=["deleted in place", "built anew"])
@given(st.lists(CHANGES, max_size=5))
@settings(max_examples=10, deadline=None)
def test_any_history_of_changes_is_followed(small, changes):
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(rag.lexical, "_SMALL", small)
        patch.setattr(rag.lexical, "_MOST_DELETED", 1.0)
        store = make(Path(folder))
        index = opened(store)
        for name, text in changes:
            with store.transaction():
                if text is None:
                    store.remove(name)
                else:
                    put(store, name, text)
            index.refresh(store)
            assert_right(index, store)
        assert_right(opened(store), store)
        store.close()


def test_what_is_there_is_not_built_again(tmp_path):
    store = filled(tmp_path)
    opened(store)
    before = [(p, p.stat().st_mtime_ns) for p in files(tmp_path)]
    with store.transaction():
        put(store, "games.txt", GAMES)
    assert_right(opened(store), store)
    kept = [(p, p.stat().st_mtime_ns) for p in files(tmp_path)]
    postings = [entry for entry in before if entry[0].suffix == ".idx"]
    assert postings and set(postings) <= set(kept)


def test_many_deletions_are_cleared_away(tmp_path, monkeypatch):
    monkeypatch.setattr(rag.lexical, "_SMALL", 0)
    store = filled(tmp_path)
    opened(store)
    with store.transaction():
        store.remove("robots.txt")
    index = opened(store)
    fresh = bm25(store, {"膝": 1.0})
    assert dict(index.search({"膝": 1.0}, 9)) == pytest.approx(dict(fresh), abs=1e-3)
    assert len([p for p in (tmp_path / FOLDER).iterdir() if p.is_dir()]) == 1


def test_another_reader_sees_the_change_after_refresh(tmp_path):
    store = filled(tmp_path)
    one, other = opened(store), opened(Store.open(tmp_path))
    with store.transaction():
        store.remove("knees.txt")
        put(store, "games.txt", GAMES)
    one.refresh(store)
    reading = Store.open(tmp_path)
    other.refresh(reading)
    assert_right(other, reading)


def test_a_kill_between_the_two_commits_is_caught_up(tmp_path):
    store = filled(tmp_path)
    opened(store)
    with store.transaction():  # … and the process is gone
        put(store, "games.txt", GAMES)
        store.remove("robots.txt")
    assert_right(opened(Store.open(tmp_path)), store)


def test_a_kill_after_tantivys_commit_is_caught_up(tmp_path):
    store = filled(tmp_path)
    opened(store)
    old = state_file(tmp_path).read_bytes()
    with store.transaction():
        put(store, "games.txt", GAMES)
    opened(store)
    state_file(tmp_path).write_bytes(old)
    told = []
    assert_right(opened(store, told), store)
    assert len(told) == 1


def test_the_index_of_another_store_is_not_trusted(tmp_path):
    store = filled(tmp_path / "one")
    opened(store)
    other = make(tmp_path / "two")
    with other.transaction():
        put(other, "games.txt", GAMES * 9)
    shutil.copytree(tmp_path / "one" / FOLDER, tmp_path / "two" / FOLDER)
    assert other.revision == store.revision
    assert_right(opened(other), other)


def test_a_store_put_back_to_an_older_copy_is_not_answered_with_the_newer(tmp_path):
    filled(tmp_path / "index").close()
    shutil.copytree(tmp_path / "index", tmp_path / "copy")
    store = Store.open(tmp_path / "index")
    with store.transaction():
        put(store, "games.txt", GAMES)
    opened(store)
    shutil.copytree(tmp_path / "index" / FOLDER, tmp_path / "copy" / FOLDER)
    older = Store.open(tmp_path / "copy")
    assert_right(opened(older), older)


# -- damage ------------------------------------------------------------------------------------


def damaged(path, damage):
    """Put a damaged file in a file's place. Not written in place: what an index of this process
    has mapped would be cut under it, and the process end with a bus error."""
    data = path.read_bytes()
    middle = len(data) // 2
    changed = {
        "cut": data[:middle],
        "longer": data + b"\0",
        "one byte": data[:middle] + bytes([data[middle] ^ 0x55]) + data[middle + 1 :],
    }
    if damage == "missing":
        path.unlink()
        return
    spare = path.with_name("spare")
    spare.write_bytes(changed[damage])
    spare.replace(path)


@pytest.mark.parametrize("damage", ["missing", "cut", "longer", "one byte"])
def test_a_damaged_file_ends_in_a_rebuild_and_one_line(tmp_path, damage):
    store = filled(tmp_path)
    opened(store)
    for n in range(len(files(tmp_path))):
        damaged(files(tmp_path)[n], damage)
        told = []
        assert_right(opened(store, told), store)
        assert len(told) == 1
        assert "anew" in told[0]
        assert_right(opened(store, told), store)
        assert len(told) == 1


@pytest.mark.parametrize("content", ["", "{}", "[]", "null", '{"files": 3}', '{"format": 1'])
def test_a_damaged_state_file_ends_in_a_rebuild(tmp_path, content):
    store = filled(tmp_path)
    opened(store)
    state_file(tmp_path).write_text(content)
    assert_right(opened(store), store)


@pytest.mark.parametrize("field", ["format", "tantivy"])
def test_another_format_ends_in_a_rebuild(tmp_path, field):
    store = filled(tmp_path)
    opened(store)
    state = json.loads(state_file(tmp_path).read_text())
    state_file(tmp_path).write_text(json.dumps(state | {field: "99"}))
    assert_right(opened(store), store)
    assert json.loads(state_file(tmp_path).read_text()) != state


def test_a_folder_that_is_gone_is_built(tmp_path):
    store = filled(tmp_path)
    index = opened(store)
    shutil.rmtree(tmp_path / FOLDER)
    assert_right(opened(store), store)
    with store.transaction():
        put(store, "games.txt", GAMES)
    index.refresh(store)
    assert_right(index, store)


def test_what_a_killed_builder_left_is_cleared_away(tmp_path):
    store = filled(tmp_path)
    (tmp_path / FOLDER / "0123456789abcdef").mkdir(parents=True)
    (tmp_path / FOLDER / "0123456789abcdef" / "meta.json").write_text("half")
    assert_right(opened(store), store)
    assert not (tmp_path / FOLDER / "0123456789abcdef").exists()


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt])
def test_a_failure_while_writing_is_followed_by_a_right_answer(tmp_path, monkeypatch, error):
    store = filled(tmp_path)
    opened(store)
    with store.transaction():
        put(store, "games.txt", GAMES)

    def fail(self, state):
        raise error("no space left on device")

    index = LexicalIndex(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(LexicalIndex, "_write_state", fail)
        try:
            index.refresh(store)
        except KeyboardInterrupt:
            assert error is KeyboardInterrupt
        else:
            assert_right(index, store)
    index.refresh(store)
    assert_right(index, store)
    assert_right(opened(store), store)


# -- who may not write, and who comes while another writes --------------------------------------


@pytest.mark.parametrize("obstacle", ["a file in its place", "a lock that is no lock"])
def test_without_a_folder_to_write_it_answers_from_memory(tmp_path, obstacle):
    store = filled(tmp_path)
    if obstacle == "a file in its place":
        (tmp_path / FOLDER).write_text("not a folder")
    else:
        (tmp_path / FOLDER / "lock").mkdir(parents=True)
    index = opened(store)
    assert_right(index, store)
    with store.transaction():
        put(store, "games.txt", GAMES)
        store.remove("knees.txt")
    index.refresh(store)
    assert_right(index, store)
    assert not state_file(tmp_path).exists()


@pytest.fixture
def writer_at_work(tmp_path):
    """Hold the lock, as another process that is writing does."""
    (tmp_path / FOLDER).mkdir(exist_ok=True)
    connection = sqlite3.connect(tmp_path / FOLDER / "lock", isolation_level=None)

    def begin():
        connection.execute("BEGIN EXCLUSIVE")
        return connection

    yield begin
    connection.close()


def test_a_reader_keeps_its_state_while_another_process_writes(tmp_path, writer_at_work):
    store = filled(tmp_path)
    index = opened(store)
    before = index.search({"机器": 1.0}, 9)
    with store.transaction():
        put(store, "games.txt", GAMES)
    connection = writer_at_work()
    index.refresh(store)
    assert (index.search({"机器": 1.0}, 9), index.revision) == (before, store.revision - 1)
    late = LexicalIndex(tmp_path)
    late.refresh(store)
    assert late.search({"机器": 1.0}, 9) == before
    connection.execute("ROLLBACK")
    index.refresh(store)
    assert_right(index, store)


def test_without_any_state_it_waits_and_then_builds_in_memory(
    tmp_path, writer_at_work, monkeypatch
):
    monkeypatch.setattr(rag.lexical, "_WAIT", 0.1)
    store = filled(tmp_path)
    connection = writer_at_work()
    index = opened(store)
    assert_right(index, store)
    assert not state_file(tmp_path).exists()
    connection.execute("ROLLBACK")
    with store.transaction():
        store.remove("knees.txt")
    index.refresh(store)
    assert_right(index, store)
    assert state_file(tmp_path).exists()


def _index_and_check(folder, results):
    store = Store.open(Path(folder))
    assert_right(opened(store), store)
    results.put("right")


def test_processes_that_come_at_once_are_all_right(tmp_path):
    filled(tmp_path).close()
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    processes = [
        context.Process(target=_index_and_check, args=(str(tmp_path), results)) for _ in range(3)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [p.exitcode for p in processes] == [0, 0, 0]
    assert [results.get(timeout=5) for _ in processes] == ["right"] * 3


def test_threads_search_while_another_changes_the_store(tmp_path):
    store = filled(tmp_path)
    index = opened(store)
    errors, done = [], threading.Event()

    def ask():
        mine = Store.open(tmp_path)
        try:
            while not done.is_set():
                index.refresh(mine)
                assert index.search({"机器": 1.0}, 9)
        except BaseException as error:
            errors.append(error)
        mine.close()

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for n in range(5):
        with store.transaction():
            put(store, "games.txt" if n % 2 else f"{n}.txt", GAMES)
        index.refresh(store)
    done.set()
    for thread in threads:
        thread.join()
    assert errors == []
    index.refresh(store)
    assert_right(index, store)
