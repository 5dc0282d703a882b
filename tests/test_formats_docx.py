"""rag.formats.docx: paragraphs and rows of a Word file, in order; no bomb is unpacked."""

import zipfile

import pytest
from docx import Document
from docx.oxml import parse_xml

from rag.errors import EmptySource, UnreadableSource
from rag.formats.docx import extract

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def read(path):
    return extract(path, lambda: None)


def document(path, *paragraphs, title=""):
    made = Document()
    for text in paragraphs:
        made.add_paragraph(text)
    made.core_properties.title = title
    made.save(path)
    return path


def test_paragraphs_headings_and_tables_come_out_in_order(tmp_path):
    made = Document()
    made.add_heading("机器人产业", 1)
    made.add_paragraph("今年7月交付105台。")
    table = made.add_table(2, 3)
    for i, row in enumerate(table.rows):
        for j, cell in enumerate(row.cells):
            cell.text = f"{i}行{j}列"
    table.cell(1, 1).merge(table.cell(1, 2))
    made.add_paragraph("尾段。")
    made.save(tmp_path / "a.docx")
    lines = read(tmp_path / "a.docx").text.split("\n")
    assert lines[:3] == ["机器人产业", "今年7月交付105台。", "0行0列\t0行1列\t0行2列"]
    assert lines[3] == "1行0列\t1行1列 1行2列"
    assert lines[4:] == ["尾段。"]


@pytest.mark.parametrize(
    ("given", "title"),
    [
        ("标题", "标题"),
        ("", None),
        ("Word Document", None),
        ("文档1", None),
        ("文档一览", "文档一览"),
    ],
)
def test_the_title_is_the_one_that_somebody_gave(tmp_path, given, title):
    assert read(document(tmp_path / "a.docx", "字", title=given)).title == title


def test_the_day_a_file_was_made_is_no_date_of_publication(tmp_path):
    assert read(document(tmp_path / "a.docx", "字")).published is None


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        ("<w:r><w:t>甲</w:t><w:tab/><w:t>乙</w:t><w:br/><w:t>丙</w:t></w:r>", "甲\t乙\n丙"),
        (
            "<w:ins><w:r><w:t>新</w:t></w:r></w:ins><w:del><w:r><w:delText>旧</w:delText></w:r></w:del>",
            "新",
        ),
        ("<w:hyperlink><w:r><w:t>链接</w:t></w:r></w:hyperlink>", "链接"),
        ("<w:r><w:instrText>PAGE</w:instrText><w:t>三</w:t></w:r>", "三"),
        (
            "<w:r><w:txbxContent><w:p><w:r><w:t>框</w:t></w:r></w:p></w:txbxContent><w:t>段</w:t></w:r>",
            "段\n框",
        ),
    ],
    ids=["tabs and breaks", "tracked changes", "hyperlink", "field", "text box"],
)
def test_what_word_shows_is_what_is_read(tmp_path, xml, text):
    made = Document()
    made.element.body.insert(0, parse_xml(f"<w:p {W}>{xml}</w:p>"))
    made.save(tmp_path / "a.docx")
    assert read(tmp_path / "a.docx").text == text


def test_a_document_without_text_is_an_error(tmp_path):
    with pytest.raises(EmptySource):
        read(document(tmp_path / "a.docx"))


def bomb(path, name, size):
    """A file whose one part unpacks to `size` zeros."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(name, "w", force_zip64=True) as part,
    ):
        for _ in range(size >> 20):
            part.write(b" " * (1 << 20))


@pytest.mark.parametrize(
    ("name", "size"), [("word/document.xml", 11 << 20), ("word/media/a.png", 31 << 20)]
)
def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch, name, size):
    monkeypatch.setattr("rag.formats.docx.MOST_XML", 10 << 20)
    monkeypatch.setattr("rag.formats.docx.MOST_UNPACKED", 30 << 20)
    bomb(tmp_path / "a.docx", name, size)
    assert (tmp_path / "a.docx").stat().st_size < 100_000
    with pytest.raises(UnreadableSource, match="unpacks to"):
        read(tmp_path / "a.docx")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "without a password"),
        (b"plain words", "no Word file"),
        (b"PK\x03\x04" + b"\0" * 40, "no Word file"),
    ],
    ids=["encrypted", "text", "half a zip"],
)
def test_what_is_no_word_file_is_refused_with_advice(tmp_path, data, words):
    (tmp_path / "a.docx").write_bytes(data)
    with pytest.raises(UnreadableSource, match=words):
        read(tmp_path / "a.docx")


def test_a_truncated_file_and_another_zip_are_refused(tmp_path):
    whole = document(tmp_path / "a.docx", "字" * 1000).read_bytes()
    (tmp_path / "b.docx").write_bytes(whole[: len(whole) // 2])
    with zipfile.ZipFile(tmp_path / "c.docx", "w") as archive:
        archive.writestr("a.txt", "字")
    for name in ("b.docx", "c.docx"):
        with pytest.raises(UnreadableSource):
            read(tmp_path / name)
