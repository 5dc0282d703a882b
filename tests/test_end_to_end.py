"""The product as a user meets it: `youju` over the seeds, in processes of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rag.types import essence

ROOT = Path(__file__).resolve().parent.parent
CONTRACT = {
    "question",
    "answer",
    "text",
    "refused",
    "confidence",
    "citations",
    "hits",
    "milliseconds",
}


def youju(*words: str, index: Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ui.cli", *words, "--index", str(index)]
    return subprocess.run(
        command,
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        encoding="utf-8",
    )


@pytest.fixture(scope="module")
def index(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("seeds") / "index"
    done = youju("index", "seeds", index=folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_first_question_is_answered_with_both_files_that_say_so(index):
    done = youju("ask", "松延动力7月交付多少台?", "--json", index=index)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert set(answer) >= CONTRACT
    assert answer["answer"] == "105台" and not answer["refused"]
    assert {c["source"][:3] for c in answer["citations"]} == {"000", "001"}
    for citation in answer["citations"]:
        raw = (ROOT / "seeds" / citation["source"]).read_bytes().decode()
        joined = "".join(raw[a:b] for a, b in citation["spans"])
        assert essence(joined) == essence(citation["quote"])
        assert "105" in essence("".join(raw[a:b] for a, b in citation["answer_spans"]))


def test_questions_from_stdin_give_one_json_line_each(index):
    questions = (
        "松延动力7月交付多少台?\n\n2026中关村论坛年会的年度主题是什么?\n" + "问" * 5000 + "\n"
    )
    done = youju("ask", "-", index=index, stdin=questions)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == 3 and done.returncode == 1
    assert rows[0]["answer"] == "105台"
    assert "5,000" in rows[2]["error"]


def test_a_gold_half_is_scored_and_its_report_written(index, tmp_path):
    rows = [json.loads(line) for line in (ROOT / "eval/gold.jsonl").read_text("utf-8").splitlines()]
    few = tmp_path / "few.jsonl"
    dev = [row for row in rows if row["split"] == "dev"][:8]
    few.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in dev), "utf-8")
    done = youju("eval", "--gold", str(few), "--report", str(tmp_path / "r"), "--json", index=index)
    assert done.returncode == 0, done.stderr
    measures = json.loads(done.stdout)
    assert measures["overall"]["measures"]["span_validity"]["value"] == 1.0
    assert (tmp_path / "r" / "report.html").exists()


def test_an_unanswerable_set_of_arguments_is_one_line_and_status_two(index, tmp_path):
    done = youju("ask", "  ", index=index)
    assert done.returncode == 2 and done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1 and "empty" in done.stderr


def test_asking_imports_neither_torch_nor_gradio(index):
    code = (
        "import sys; from ui.cli import main; "
        f"main(['ask', '松延动力7月交付多少台?', '--json', '--index', {str(index)!r}]); "
        "heavy = [m for m in ('torch', 'gradio', 'transformers') if m in sys.modules]; "
        "print(heavy, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.stderr.strip().endswith("[]"), done.stderr
