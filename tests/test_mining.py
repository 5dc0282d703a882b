"""eval.mining: what search finds for a question and what does not answer it."""

from __future__ import annotations

import json
import random

from eval.mining import Mined, mined, unanswering
from rag.ingest import index_sources, load_embedder
from rag.readers.examples import FOUND, _found_tasks
from rag.settings import Settings
from rag.stores import open_search
from rag.types import Source

TEXT = "埃科光电昨日上午在科创板挂牌上市，发行价每股73.33元，开盘涨了两成，公司总部在合肥市。"
COPY = "快讯：埃科光电昨日上午在科创板挂牌上市，发行价每股七十余元，开盘涨了两成。"
OTHERS = {
    "b.txt": "民爆光电在深交所挂牌，发行价每股51.05元，总市值约63亿元。",
    "c.txt": "新光光电登陆科创板，发行价每股38.09元，目前该股股价低于发行价。",
}
ASKED = Mined("埃科光电发行价每股多少元?", TEXT, ["73.33元"])


def test_a_passage_with_the_answer_or_of_the_same_text_is_left_out():
    assert unanswering([TEXT, COPY, "每股73.33元", *OTHERS.values()], ASKED) == [*OTHERS.values()]
    assert unanswering(["The IPO priced"], Mined("?", "", ["ipo"])) == []


def test_what_search_finds_of_other_texts_is_mined(tmp_path):
    texts = {"a.txt": TEXT, "copy.txt": COPY, **OTHERS}
    index_sources(tmp_path, (Source(name, text) for name, text in texts.items()))
    search = open_search(tmp_path, load_embedder("default"), Settings())
    rows = list(mined(search, [ASKED], random.Random(0)))
    assert {row["q"] for row in rows} == {ASKED.question}
    assert sorted(row["c"] for row in rows) == sorted(OTHERS.values())


def test_the_reader_learns_not_here_from_what_was_mined(tmp_path):
    assert list(_found_tasks(tmp_path)) == []
    row = {"q": ASKED.question, "c": OTHERS["b.txt"]}
    (tmp_path / FOUND).write_text(json.dumps(row) + "\n", encoding="utf-8")
    (task,) = _found_tasks(tmp_path)
    assert (task.question, task.passage) == (row["q"], row["c"])
    assert (task.start, task.end) == (-1, -1)
