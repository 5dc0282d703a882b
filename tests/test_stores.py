"""rag.protocol: one suite for every store, SQLite and Milvus (Lite, started for real)."""

import itertools
import random

import pytest
from fakes import CharacterEmbedder, put

from rag.errors import MissingIndex, StoreError, WrongEmbedder
from rag.filters import Filter
from rag.settings import Settings
from rag.store import Store
from rag.stores import create_store, in_milvus, open_search, open_store
from rag.types import Span

ROBOTS = (
    "今年7月交付人形机器人105台，创了纪录。8月的目标是200台！公司对此很有信心，计划明年扩大生产。"
)
KNEES = "调整步态训练可以减轻膝关节疼痛。研究显示，转动脚尖3.44度就够了。"
GAMES = "机器人运动会在北京开幕，280支队伍参加。"
EMBEDDER = CharacterEmbedder()


@pytest.fixture(params=["sqlite", "milvus"])
def where(request, tmp_path):
    return tmp_path / "index" if request.param == "sqlite" else str(tmp_path / "corpus.db")


@pytest.fixture
def filled(where):
    store = create_store(where, EMBEDDER)
    with store.transaction():
        put(store, "robots.txt", ROBOTS)
        put(store, "knees.txt", KNEES, title="膝关节研究")
    return store


def seen(store):
    """Return all a reader can see, chunk numbers left out."""
    numbers = store.chunk_numbers()
    chunks, texts, vectors = store.chunks(numbers), store.texts(numbers), store.vectors(numbers)
    rows = sorted(
        (chunks[n].article_id, *chunks[n].span, *texts[n], vector.tolist())
        for n, vector in zip(numbers, vectors, strict=True)
    )
    sources = [store.source(name) for name in store.sources()]
    return sources, store.articles(), store.heads(), rows, store.digests(), store.counts()


def test_what_goes_in_comes_out(filled, where):
    store = open_store(where)
    assert store.sources() == ["knees.txt", "robots.txt"]
    assert store.source("knees.txt").text == KNEES
    assert store.raw(["knees.txt", "nowhere"]) == {"knees.txt": KNEES}
    (article,) = store.articles("knees.txt")
    assert (article.text, article.title) == (KNEES, "膝关节研究")
    assert article.to_source(Span(0, len(KNEES)), KNEES) == (Span(0, len(KNEES)),)
    assert store.article(article.id) == store.articles_by_id([article.id, "x"])[article.id]
    numbers = store.chunks_of([article.id])
    assert [store.chunks(numbers)[n].article_id for n in numbers] == [article.id] * len(numbers)
    assert store.texts(numbers)[numbers[0]].opens
    assert seen(store) == seen(filled)


def test_articles_are_looked_up_by_what_they_are_called(where):
    store = create_store(where, EMBEDDER)
    with store.transaction():
        put(store, "a/robots.txt", ROBOTS, title="机器人交付創紀錄")
        put(store, "b/knees.md", KNEES)
    assert store.titles({"机器人交付创纪录", "没有的"}) == {"机器人交付創紀錄"}
    assert store.sources_named("robots.txt里说了什么?") == {"a/robots.txt"}
    assert store.sources_named("没有文件") == set()
    robots, knees = store.heads()
    assert store.heads(Filter(titles=("机器人交付創紀錄",))) == [robots]
    assert store.heads(Filter(titles=("机器人交付创纪录",))) == []  # a filter is to the letter
    assert store.heads(Filter(sources=("b/knees.md", "c"))) == [knees]
    assert store.heads(Filter(sources=("*.md",))) == [knees]
    assert store.heads(Filter(sources=("b/knees.md",), titles=("机器人交付創紀錄",))) == []
    assert store.heads(Filter(since="2025-01-01")) == []  # without a day
    assert set(store.digests(["b/knees.md", "c"])) == {"b/knees.md"}


def test_a_store_describes_itself(filled):
    told = filled.describe()
    assert (told["embedder"], told["fingerprint"]) == ("characters", "c0ffee000000")
    assert (int(told["dimension"]), told["sources"], told["articles"]) == (16, 2, 2)
    assert told["chunks"] == filled.counts()["chunk"] > 2


def test_an_unknown_name_is_a_key_error(filled):
    for name in ("nowhere.txt", 'a" or 1 == 1 or "'):
        with pytest.raises(KeyError):
            filled.source(name)
        with pytest.raises(KeyError):
            filled.article(name)
        assert filled.articles(name) == []


def test_a_change_is_seen_at_its_commit_and_not_before(filled, where):
    reader = open_store(where)
    before, revision = seen(reader), reader.revision
    with filled.transaction():
        put(filled, "robots.txt", GAMES)
        put(filled, "games.txt", GAMES + "很热闹。")
        assert filled.remove("knees.txt")
        assert not filled.remove("nowhere.txt")
        assert seen(reader) == before
    assert reader.revision == revision + 1
    assert reader.sources() == ["games.txt", "robots.txt"]
    assert reader.source("robots.txt").text == GAMES
    assert reader.counts() == filled.counts()
    assert seen(reader) != before


def test_a_failure_inside_a_transaction_leaves_the_old_state(filled, where):
    before = seen(filled)
    with pytest.raises(ZeroDivisionError), filled.transaction():
        put(filled, "games.txt", GAMES)
        raise ZeroDivisionError
    assert seen(filled) == before == seen(open_store(where))


def test_any_history_ends_like_a_fresh_index(where, tmp_path):
    store, fresh = create_store(where, EMBEDDER), Store.create(tmp_path / "f", "c", "c", 16)
    rng, last = random.Random(5), {}
    for _ in range(6):
        with store.transaction():
            for name in ("a.txt", "b.txt", "c.txt"):
                if rng.random() < 0.4:
                    assert store.remove(name) is (last.pop(name, None) is not None)
                elif rng.random() < 0.7:
                    last[name] = name + rng.choice([ROBOTS, KNEES, GAMES])
                    put(store, name, last[name])
    with fresh.transaction():
        for name, text in last.items():
            put(fresh, name, text)
    assert seen(store) == seen(fresh)


def test_a_second_writer_is_told(filled, where):
    waiting = open_store(where)
    if not in_milvus(where):
        waiting._connection.execute("PRAGMA busy_timeout = 0")
    with (
        filled.transaction(),
        pytest.raises(StoreError, match=r"written by another process.*try again"),
        waiting.transaction(),
    ):
        pass


def test_another_embedder_is_refused_by_name(filled, where):
    with pytest.raises(WrongEmbedder, match=r"'characters'.*--embedder characters"):
        create_store(where, CharacterEmbedder("000000000000"))


def test_a_store_that_is_not_there_says_how_to_make_one(where):
    with pytest.raises(MissingIndex, match="youju index PATH"):
        open_store(where)


def test_other_names_and_settings_are_kept(where):
    store = create_store(where, EMBEDDER)
    with store.transaction():
        put(store, "a.txt", ROBOTS)
        if not in_milvus(where):  # the article must be there for SQLite's foreign key
            store.put_aliases(store.articles("a.txt")[0].id, [("国际冰协", "冰协")])
        store.keep_settings({"max_chunk_chars": 40})
    assert open_store(where).setting("max_chunk_chars") == "40"


@pytest.fixture
def searched(where):
    """A search over passages of which many say the same."""
    store = create_store(where, EMBEDDER)
    with store.transaction():
        for n in random.Random(3).sample(range(30), 30):
            put(store, f"{n}.txt", f"{ROBOTS}\n第{n}篇的结尾。", max_chars=len(ROBOTS))
            put(store, f"other {n}.txt", GAMES[n % 5 :] + f"观众{n}人。", max_chars=40)
    return open_search(where, EMBEDDER, Settings(search="lexical dense order", candidates=20))


def test_what_ties_stands_in_the_order_it_came_in(searched):
    ties = 0
    for question in ("8月的目标是多少台?", "机器人运动会在哪里?", "结尾"):
        hits = searched.find(question, 20)
        numbers = {
            (chunk.article_id, chunk.span): n
            for n, chunk in searched.store.chunks(searched.store.chunk_numbers()).items()
        }
        order = [(-hit.score, numbers[hit.article.id, hit.span]) for hit in hits]
        assert order == sorted(order)
        ties += sum(a[0] == b[0] for a, b in itertools.pairwise(order))
        lexical = sorted((h for h in hits if h.lexical_rank), key=lambda h: h.lexical_rank)
        places = [(-h.lexical_score, numbers[h.article.id, h.span]) for h in lexical]
        assert places == sorted(places)
    assert ties > 20


def test_cosines_are_those_of_the_vectors_kept_whatever_brought_the_passage(searched):
    question = "8月的目标是多少台?"
    store, asked = searched.store, EMBEDDER.encode_queries([question])[0].astype(float)
    numbers = store.chunk_numbers()
    kept = {
        (chunk.article_id, chunk.span): float(row @ asked)
        for chunk, row in zip(
            (store.chunks(numbers)[n] for n in numbers), store.vectors(numbers), strict=True
        )
    }
    for hit in searched.find(question, 20):
        assert hit.dense_score == pytest.approx(kept[hit.article.id, hit.span], abs=1e-6)


TEXTS = [
    f"第{n}篇文章：{a}说机器人有{n * 7}台，{b}认为膝关节的{a}很重要。" * (1 + n % 3)
    for n, (a, b) in enumerate(
        itertools.product(
            ("公司", "大学", "研究所", "医院", "工厂"), ("专家", "观众", "学生", "工人")
        )
    )
]


def test_scores_and_order_are_those_of_the_store_on_one_machine(tmp_path):
    """Both legs, every hit: BM25 to four digits, cosines to three."""
    places = [tmp_path / "index", str(tmp_path / "corpus.db")]
    for where in places:
        store = create_store(where, EMBEDDER)
        for at in range(0, len(TEXTS), 7):  # several commits
            with store.transaction():
                for n, text in enumerate(TEXTS[at : at + 7], at):
                    put(store, f"{n}.txt", text, title=f"题{n}", max_chars=300)
    parts = Settings(search="lexical dense order")
    one, other = (open_search(where, EMBEDDER, parts) for where in places)
    for question in ("机器人有多少台?", "研究所的学生说了什么?", "第7篇文章", "nothing of it"):
        found, there = one.find(question, 10), other.find(question, 10)
        assert [h.article.source for h in found] == [h.article.source for h in there]
        for a, b in zip(found, there, strict=True):
            assert a.lexical_score == pytest.approx(b.lexical_score, rel=1e-4)
            assert a.dense_score == pytest.approx(b.dense_score, abs=1e-3)
            assert a.score == pytest.approx(b.score, abs=1e-3)
