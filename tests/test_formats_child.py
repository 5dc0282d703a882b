"""rag.formats.child: a file that hangs, crashes or bloats its parser costs one error."""

import os
import signal
import sys
import time

import pytest
from papers import Paper

from rag.errors import EmptySource, UnreadableSource
from rag.formats.child import Child

PAGE = "<html><body><p>今年7月交付人形机器人105台，创了纪录。</p></body></html>"


@pytest.fixture
def page(tmp_path):
    (tmp_path / "a.html").write_text(PAGE, encoding="utf-8")
    return tmp_path / "a.html"


@pytest.fixture
def paper(tmp_path):
    made = Paper(tmp_path / "a.pdf")
    made.write(40, 80, "今年7月交付105台。")
    made.save()
    return made.path


def test_one_process_reads_all_files(page, paper):
    with Child() as child:
        first = child.read("pdf", paper)
        process = child._process.pid
        assert "105台" in child.read("html", page).text
        assert first.pages == (0,)
        assert child._process.pid == process


def test_nothing_is_started_for_nothing_and_nothing_is_left(page):
    with Child() as child:
        assert child._process is None
        child.read("html", page)
        process = child._process
    assert process.poll() is not None


def test_an_error_of_a_file_keeps_its_kind_and_names_the_file(tmp_path, page):
    (tmp_path / "b.html").write_text("<script>1</script>", encoding="utf-8")
    (tmp_path / "b.pdf").write_bytes(b"%PDF-1.4 nothing")
    with Child() as child:
        with pytest.raises(EmptySource, match=r"b\.html: no text"):
            child.read("html", tmp_path / "b.html")
        with pytest.raises(UnreadableSource, match=r"b\.pdf: damaged or truncated"):
            child.read("pdf", tmp_path / "b.pdf")
        assert "105台" in child.read("html", page).text


def test_a_parser_that_takes_too_long_is_stopped_and_the_next_file_is_read(paper):
    with Child(seconds=0.01) as child:  # its imports alone take longer
        started = time.monotonic()
        with pytest.raises(UnreadableSource, match=r"a\.pdf: its parser did nothing for 0\.01 s"):
            child.read("pdf", paper)
        assert time.monotonic() - started < 5
        child._seconds = 60.0
        assert "105台" in child.read("pdf", paper).text


def laughing(path):
    """A PDF whose forms draw ten of the next each, twelve deep."""
    form = (
        b"<< /Type /XObject /Subtype /Form /BBox [0 0 9 9]"
        b" /Resources << /XObject << /X %d 0 R >> >>"
    )
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R"
        b" /Resources << /XObject << /X 5 0 R >> >> >>",
        b"<< /Length 60 >>\nstream\n" + b"/X Do " * 10 + b"\nendstream",
    ]
    for number in range(6, 18):
        objects.append(
            form % number + b" /Length 60 >>\nstream\n" + b"/X Do " * 10 + b"\nendstream"
        )
    data, places = b"%PDF-1.4\n", []
    for number, item in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, item)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    tail = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (size, len(data))
    path.write_bytes(data + b"xref\n0 %d\n0000000000 65535 f \n%s%s" % (size, table, tail))


def test_a_file_made_to_keep_its_parser_busy_for_years_is_stopped(tmp_path, paper):
    laughing(tmp_path / "laughing.pdf")
    with Child(seconds=4.0) as child:
        with pytest.raises(
            UnreadableSource, match=r"laughing\.pdf: its parser did nothing for 4 s"
        ):
            child.read("pdf", tmp_path / "laughing.pdf")
        child._seconds = 60.0
        assert "105台" in child.read("pdf", paper).text


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_parser_that_crashes_costs_one_file(page, paper):
    with Child() as child:
        child.read("html", page)
        os.kill(child._process.pid, signal.SIGSEGV)
        with pytest.raises(UnreadableSource, match="crashed"):
            child.read("pdf", paper)
        assert "105台" in child.read("pdf", paper).text


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not limit address space")
def test_a_file_that_needs_more_memory_than_allowed_costs_one_file(tmp_path, page):
    big = tmp_path / "big.html"
    big.write_text("<p>甲乙丙</p>" * 400_000, encoding="utf-8")
    with Child(memory=350 << 20) as child:
        assert "105台" in child.read("html", page).text
        with pytest.raises(UnreadableSource, match=r"big\.html.*(memory|crashed|GB|parsed)"):
            child.read("html", big)
        assert "105台" in child.read("html", page).text


def test_a_name_with_any_character_reaches_the_parser(tmp_path):
    name = tmp_path / "报 纸\n'\"\\.html"
    name.write_text(PAGE, encoding="utf-8")
    with Child() as child:
        assert "105台" in child.read("html", name).text
