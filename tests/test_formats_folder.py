"""A folder with every kind of file, good and bad: the good are indexed, the bad are named."""

import json
import lzma
import zipfile

import pytest
from docx import Document
from papers import HEIGHT, WIDTH, Paper

from rag.citations import cite
from rag.store import Store
from rag.types import Article, Run, Span
from ui.cli import main

TEXT = "今年7月，松延动力交付人形机器人105台，创了纪录。8月的目标是200台。"
RECORD = json.dumps({"id": "1", "text": TEXT})
GOOD = {
    "a.txt": TEXT.encode(),
    "gb.txt": TEXT.encode("gb18030"),
    "big5.txt": "今年七月，這家公司交付人形機器人一百零五台，創下紀錄。".encode("big5"),
    "utf16.txt": TEXT.encode("utf-16"),
    "a.md": f"---\ntitle: 题\n---\n{TEXT}".encode(),
    "a.html": f"<html><body><p>{TEXT}</p></body></html>".encode(),
    "b.htm": f"<html><body><p>{TEXT}</p></body></html>".encode("gb18030"),
    "a.jsonl": RECORD.encode(),
    "a.jsonl.xz": lzma.compress(RECORD.encode()),
}
BAD = {
    "bad.txt": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" * 9,
    "empty.md": b" ",
    "bad.html": b"<script>var x</script>",
    "deep.html": b"<div>" * 100_000,
    "bad.pdf": b"%PDF-1.7 and no more",
    "empty.pdf": b"",
    "bad.docx": b"PK\x03\x04 and no more",
    "old.docx": b"\xd0\xcf\x11\xe0" + b"\0" * 600,
    "bad.jsonl": b"{",
    "bad.jsonl.xz": lzma.compress(RECORD.encode())[:40],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("formats") / "in"
    path.mkdir()
    for name, data in (GOOD | BAD).items():
        (path / name).write_bytes(data)
    document = Document()
    document.add_paragraph(TEXT)
    document.save(path / "a.docx")
    with zipfile.ZipFile(path / "bomb.docx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * (101 << 20))
    pages(path / "a.pdf", TEXT, None, "第三页写着另外一件事情。")
    pages(path / "scan.pdf", None)
    locked = Paper(path / "locked.pdf", encrypt="secret")
    locked.write(40, 80, TEXT)
    locked.save()
    return path


def pages(path, *texts):
    """A PDF with a page for each text; None is a scanned one."""
    paper = Paper(path)
    for text in texts:
        if text is None:
            paper.picture(0, 0, WIDTH, HEIGHT)
        else:
            paper.write(40, 80, text)
        paper.turn_page()
    paper.save()


def test_the_good_are_indexed_and_the_bad_are_named(folder, tmp_path, capsys):
    index = tmp_path / "index"
    assert main(["index", str(folder), "--index", str(index)]) == 1
    said = capsys.readouterr().err
    skipped = [line for line in said.splitlines() if line.startswith("skipped")]
    wanted = {*BAD, "bomb.docx", "scan.pdf", "locked.pdf", "a.pdf"}  # a.pdf: one page of it
    assert len(skipped) == len(wanted)
    assert all(any(name in line for line in skipped) for name in wanted)
    assert "Traceback" not in said
    assert next(line for line in skipped if "/a.pdf" in line).count("page 2 of 3") == 1
    records = {"a.jsonl", "a.jsonl.xz"}
    sources = {*(GOOD.keys() - records), "a.docx", "a.pdf", *(f"{n}#1" for n in records)}
    store = Store.open(index)
    assert set(store.sources()) == sources
    assert [store.source("a.pdf").text[p:][:2] for p in store.source("a.pdf").pages] == [
        "今年",
        "\n\n",
        "第三",
    ]


def test_a_second_run_embeds_nothing_and_still_names_the_bad(folder, tmp_path, capsys):
    index = tmp_path / "index"
    main(["index", str(folder), "--index", str(index)])
    assert main(["index", str(folder), "--index", str(index)]) == 1
    assert "0 added, 0 changed" in capsys.readouterr().err


def test_an_answer_from_a_pdf_names_its_page(tmp_path, capsys):
    pages(tmp_path / "报纸.pdf", "第一页说的是天气，明天有雨。", TEXT)
    index = ["--index", str(tmp_path / "index")]
    assert main(["index", str(tmp_path / "报纸.pdf"), *index]) == 0
    assert main(["ask", "松延动力7月交付多少台?", *index]) == 0
    out = capsys.readouterr().out
    assert "105台" in out
    assert "报纸.pdf p. 2" in out
    main(["ask", "松延动力7月交付多少台?", "--json", *index])
    assert json.loads(capsys.readouterr().out)["citations"][0]["page"] == 2


def test_a_citation_is_of_the_page_where_the_answer_stands():
    from rag.types import Source

    text = "甲乙丙。丁戊\f己庚辛。"
    source = Source("a.pdf", text, pages=(0, 7))
    article = Article("a", "a.pdf", text, (Run(0, 0, len(text)),))
    spots = [text.index(c) for c in "甲己"]
    assert [cite(1, article, Span(i, i + 1), source).page for i in spots] == [1, 2]
    plain = Source("a.txt", text)
    assert cite(1, article, Span(0, 1), plain).page is None
