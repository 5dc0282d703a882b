"""The gate with the real bot over the seeds: closed by a worse reader and by a chunker that loses
passages, open for a change that changes nothing. And the commands around it."""

import json
from pathlib import Path

import pytest

from eval import gold
from eval.baseline import compare, keep, load_baseline
from eval.report import judge_all
from eval.run import answer_all
from rag.answer import Bot
from rag.articles import split_articles
from rag.chunks import split_chunks
from rag.confidence import Calibration
from rag.ingest import index_paths, load_embedder
from rag.prepare import passage_texts
from rag.readers.extractive import ExtractiveReader
from rag.settings import Settings
from rag.sources import read_sources
from rag.store import Store
from ui.cli import main

ROOT = Path(__file__).parent.parent
SEEDS = ROOT / "seeds"
EVERY = 4  # of the dev half: some 60 questions, enough to see a broken reader


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gate") / "index"
    index_paths(folder, [SEEDS])
    return folder


@pytest.fixture(scope="module")
def sources(index):
    bot = Bot.open(index)
    return {name: bot.source(name).text for name in bot.sources()}


@pytest.fixture(scope="module")
def rows(sources):
    return gold.load(sources=sources, split="dev")[::EVERY]


def judged(bot, rows, sources, folder):
    return judge_all(rows, answer_all(bot, rows, folder / "p.jsonl"), sources, bot.articles())


@pytest.fixture(scope="module")
def before(index, rows, sources, tmp_path_factory):
    folder = tmp_path_factory.mktemp("before")
    keep(folder / "baseline.jsonl", judged(Bot.open(index), rows, sources, folder))
    return load_baseline(folder / "baseline.jsonl", rows, sources)


class WorseReader:
    """Reads as the real one does, and keeps to itself what it found best in each passage, however
    that is cut."""

    def __init__(self):
        self.real = ExtractiveReader.load()

    def read(self, question, passages, *, per_passage=5):
        best, rest = {}, []
        for reading in self.real.read(question, passages, per_passage=per_passage):
            span = best.setdefault(reading.passage, reading.span)
            if reading.span.start >= span.end or reading.span.end <= span.start:
                rest.append(reading)
        return rest


def test_the_gate_closes_on_a_reader_made_worse_on_purpose(index, rows, sources, before, tmp_path):
    reader = WorseReader()
    bot = Bot.open(index).with_reader(reader, Calibration.from_json(reader.real.calibration))
    difference = compare(before, judged(bot, rows, sources, tmp_path))
    assert any(line.startswith("correct ") for line in difference.worse)
    assert not any(line.startswith("hit@") for line in difference.worse)  # the search is the same
    assert len(difference.lost) > 2 * len(difference.won)


def test_the_gate_closes_on_a_chunker_that_loses_spans(rows, sources, before, tmp_path):
    model, settings = load_embedder("default"), Settings()
    store = Store.create(tmp_path / "index", model.name, model.fingerprint, model.dimension)
    with store.transaction():
        for source in read_sources(SEEDS):
            articles = split_articles(source)
            chunks = [
                chunk
                for article in articles
                for chunk in split_chunks(
                    article, settings.max_chunk_chars, settings.overlap_chars
                )[::2]
            ]
            vectors = model.encode_passages(passage_texts(articles, chunks))
            store.put(source, "lossy", articles, chunks, vectors)
    store.close()
    lossy = judged(Bot.open(tmp_path / "index"), rows, sources, tmp_path)
    worse = compare(before, lossy).worse
    named = {line.split()[0] for line in worse}
    assert {"hit@5", "hit@10", "ndcg@10"} <= named


def test_the_gate_stays_open_for_a_change_that_changes_next_to_nothing(
    index, rows, sources, before, tmp_path
):
    bot = Bot.open(index, settings=Settings(candidates=40))
    difference = compare(before, judged(bot, rows, sources, tmp_path))
    assert difference.worse == []
    assert difference.compared == len(rows)


# ---------------------------------------------------------------- the commands


@pytest.fixture
def youju(index, tmp_path, capsys, monkeypatch):
    """Run a command over the seeds; return status, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        capsys.readouterr()
        status = main([*map(str, arguments), "--index", str(index)])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return status, out, err

    return run


@pytest.fixture
def few(tmp_path):
    """Eight gold rows and a draft."""
    lines = (ROOT / "eval" / "gold.jsonl").read_text("utf-8").splitlines()
    dev = [row for row in map(json.loads, lines) if row["split"] == "dev"][:8]
    draft = {"id": "d1", "question": "谁？", "status": "draft"}
    path = tmp_path / "few.jsonl"
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in [*dev, draft])
    path.write_text(text, encoding="utf-8")
    return path


def test_a_run_is_kept_and_gated_against_itself(youju, few, tmp_path):
    status, _, err = youju("eval", "--gold", few, "--predictions", "p.jsonl", "--keep", "b.jsonl")
    assert status == 0
    assert "1 drafts in" in err
    status, out, _ = youju(
        "eval", "--gold", few, "--score", "p.jsonl", "--baseline", "b.jsonl", "--gate"
    )
    assert status == 0
    assert "8 of 8 questions asked alike: 0 won, 0 lost, 8 unchanged" in out


def test_a_closed_gate_is_status_one_and_names_the_measure(youju, few, tmp_path):
    youju("eval", "--gold", few, "--predictions", "p.jsonl", "--keep", "b.jsonl")
    wrong = [json.loads(line) for line in Path("p.jsonl").read_text("utf-8").splitlines()]
    for prediction in wrong:
        for citation in prediction["citations"]:
            citation["quote"] = "别的"
    text = "".join(json.dumps(p, ensure_ascii=False) + "\n" for p in wrong)
    Path("wrong.jsonl").write_text(text, encoding="utf-8")
    gated = ("eval", "--gold", few, "--score", "wrong.jsonl", "--baseline", "b.jsonl")
    status, _, err = youju(*gated, "--gate")
    assert status == 1
    assert "worse: span_validity must be 1" in err
    assert youju(*gated)[0] == 0  # told, not gated


def test_scoring_asks_nothing_and_refuses_a_part(youju, few):
    youju("eval", "--gold", few, "--predictions", "p.jsonl")
    Path("part.jsonl").write_bytes(b"\n".join(Path("p.jsonl").read_bytes().split(b"\n")[:3]))
    status, out, err = youju("eval", "--gold", few, "--score", "part.jsonl")
    assert (status, out) == (2, "")
    assert "5 of 8 questions have no prediction" in err


def test_a_report_holds_suites_and_the_difference(youju, few):
    youju("eval", "--gold", few, "--keep", "b.jsonl")
    status, out, _ = youju(
        "eval", "--gold", few, "--suite", "polite,noise,near-miss", "--report", "r",
        "--baseline", "b.jsonl", "--json",
    )  # fmt: skip
    assert status == 0
    measures = json.loads(out)
    assert [line["suite"] for line in measures["suites"]] == ["polite", "noise", "near-miss"]
    html = Path("r/report.html").read_text("utf-8")
    assert 'id="robustness"' in html
    assert 'id="change"' in html
    kept = json.loads(Path("r/report.json").read_text("utf-8"))
    assert kept["overall"] == measures["overall"]


def test_settings_are_compared_in_one_table(youju, few):
    settings = [ROOT / "eval" / "settings" / f"{name}.toml" for name in ("fused", "answer-all")]
    status, out, _ = youju("eval", "--gold", few, "--compare", *settings, "--json")
    assert status == 0
    fused, all_answered = json.loads(out)
    assert (fused["settings"], all_answered["settings"]) == ("fused", "answer-all")
    assert all_answered["false_refusals"] == 0
    assert fused["index_mb"] > 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--gate",), "add --baseline FILE"),
        (("--suite", "typoes"), "the suites are typos"),
        (("--baseline", "none.jsonl"), "cannot read the baseline"),
        (("--score", "none.jsonl"), "cannot read the predictions"),
        (("--compare", "none.toml"), "no settings file none.toml"),
        (("--compare", "a.toml", "--suite", "all"), "--suite does not go with --compare"),
        (("--squad", "s.json"), "--gold does not go with --squad"),
        (("--open",), "--open does not go with a gold set"),
        (("--distractors", "d.jsonl"), "--distractors does not go with a gold set without --suite"),
        (("--suite", "distractors", "--distractors", "none.jsonl"), "none.jsonl does not exist"),
    ],
)
def test_bad_input_is_one_line_and_status_two(youju, few, arguments, said):
    status, out, err = youju("eval", "--gold", few, *arguments)
    assert (status, out) == (2, "")
    assert said in err.splitlines()[-1]


def test_every_bad_line_of_a_gold_file_is_named_and_nothing_is_scored(youju, few):
    with few.open("a", encoding="utf-8") as lines:
        lines.write('{broken\n{"id": "x"}\n')
    status, out, err = youju("eval", "--gold", few)
    assert (status, out) == (2, "")
    assert "line 10: not JSON" in err
    assert "line 11: (x) question is missing" in err


def test_gold_is_checked_suggested_and_accepted(youju, few):
    status, out, err = youju("gold", "check", few)
    assert status in (0, 1)
    assert "line 9: draft: (d1) not counted" in out
    assert "0 errors" in err
    status, _, err = youju("gold", "suggest", "--out", "mine.jsonl", "--count", "6")
    assert status == 0
    assert "6 drafts added" in err
    assert (
        "6 were there already" in youju("gold", "suggest", "--out", "mine.jsonl", "--count", "6")[2]
    )
    drafts = [json.loads(line) for line in Path("mine.jsonl").read_text("utf-8").splitlines()]
    assert youju("eval", "--gold", "mine.jsonl")[0] == 2  # nothing is counted yet
    status, _, err = youju("gold", "accept", "mine.jsonl", *(draft["id"] for draft in drafts))
    assert (status, err.strip()) == (0, "6 accepted")
    status, out, _ = youju("eval", "--gold", "mine.jsonl", "--json")
    assert status == 0
    assert json.loads(out)["overall"]["questions"] == 6


def test_a_broken_gold_file_is_status_two_when_checked(youju, few):
    few.write_text("{broken\n", encoding="utf-8")
    status, out, _ = youju("gold", "check", few)
    assert status == 2
    assert out.startswith("line 1: error: (no id) not JSON")
