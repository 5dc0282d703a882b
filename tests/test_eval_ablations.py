"""eval.ablations: several settings over one gold set, one line each."""

import json

import pytest

from eval.ablations import load_variants, run_variants, variant_table
from eval.gold import GoldRow
from eval.metrics import Quote
from rag.errors import GoldError, YoujuError
from rag.settings import Settings
from rag.types import Answer, Source

RAW = "今年7月交付105台。"


class StubbornBot:
    """Answers 105台 unless its settings tell it to refuse everything."""

    def __init__(self, settings):
        self.refuses = settings.refuse_below == 1.0

    def ask(self, question, history=()):
        answer = None if self.refuses else "105台"
        return Answer(question, answer, "", self.refuses, 0.8, milliseconds={"total": 2.0})

    def articles(self):
        return []


def serve(folder, sources, settings, progress):
    folder.mkdir()
    (folder / "index").write_bytes(b"x" * settings.max_chunk_chars * 1000)
    return StubbornBot(settings)


def row(n):
    return GoldRow(f"g{n}", f"问{n}？", "zh", ("105台",), True, "number",
                   (Quote("a.txt", "交付105台"),), "easy")  # fmt: skip


def toml(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_every_setting_gets_its_line_against_the_first(tmp_path):
    files = [
        toml(tmp_path, "plain.toml", ""),
        toml(tmp_path, "shy.toml", "refuse_below = 1.0\nmax_chunk_chars = 600"),
    ]
    lines = run_variants(
        load_variants(files), [Source("a.txt", RAW)], [row(n) for n in range(8)],
        tmp_path, serve=serve,
    )  # fmt: skip
    assert [(line["settings"], line["correct"]) for line in lines] == [("plain", 1.0), ("shy", 0.0)]
    assert (lines[1]["won"], lines[1]["lost"], lines[1]["p"]) == (0, 8, round(2 / 2**8, 4))
    assert (lines[0]["index_mb"], lines[1]["index_mb"]) == (0.3, 0.6)
    assert lines[0]["p50_ms"] == 2.0
    text = variant_table(lines)
    assert len({len(line) for line in text.split("\n")}) == 1  # the columns stand in line
    json.dumps(lines)


def test_settings_come_from_the_file_and_not_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("YOUJU_PASSAGES_READ", "9")
    (variant,) = load_variants([toml(tmp_path, "a.toml", "passages_read = 3")])
    assert variant.settings == Settings(passages_read=3)


def test_a_settings_file_that_cannot_be_used_is_named(tmp_path):
    with pytest.raises(GoldError, match=r"no settings file .*none\.toml"):
        load_variants([tmp_path / "none.toml"])
    with pytest.raises(YoujuError, match="unknown setting 'chunks'"):
        load_variants([toml(tmp_path, "a.toml", "chunks = 3")])
    (tmp_path / "b").mkdir()
    with pytest.raises(GoldError, match="two settings files of one name"):
        load_variants([toml(tmp_path, "a.toml", ""), toml(tmp_path / "b", "a.toml", "")])
