"""A path → the sources in it. A bad file comes out as an error value, so that the rest of a folder
is still read.

A source's name is its path relative to the folder given (a bare file: its name); a JSONL record is
`file.jsonl#id`. What each kind of file needs is in rag/formats.
"""

from __future__ import annotations

import json
import lzma
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rag.errors import EmptySource, MissingSource, NeedsOcr, SourceError, UnreadableSource
from rag.formats import Extract
from rag.formats.child import Child
from rag.formats.text import decode, iso_day
from rag.types import Source

TEXT_SUFFIXES = (".txt", ".md")
# read in a child process, see rag/formats/child.py
PARSED_SUFFIXES = {".html": "html", ".htm": "html", ".pdf": "pdf", ".docx": "docx"}
CORPUS_SUFFIXES = (".jsonl", ".jsonl.xz")
SUFFIXES = (*TEXT_SUFFIXES, *PARSED_SUFFIXES, *CORPUS_SUFFIXES)
# of one text file: Settings.max_source_chars is 50 million characters, up to 4 bytes each
_MAX_BYTES = 200_000_000
_MAX_LINE = _MAX_BYTES  # bytes of one record
_BLOCK = 1 << 20  # bytes unpacked at a time
_XZ_MEMORY = 256 << 20  # bytes; xz -9 needs 65 MB to unpack
# text packs 3 to 10 times, a bomb 7,000 times
_MOST_PACKED = 200
_XZ_FREE = 64 << 20  # bytes unpacked before the ratio is looked at
_FRONT_MATTER = re.compile(r"\ufeff?---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*\r?$", re.S | re.M)


def read_sources(path: Path) -> Iterator[Source | SourceError]:
    """Yield the sources of a file or, recursively and in order of name, of a folder.

    Raises MissingSource when the path does not exist and EmptySource when a folder holds no file of
    a known kind; anything wrong with a single file is yielded as a SourceError instead. A PDF some
    of whose pages need OCR yields both: the source of the other pages, and the error.
    """
    if not path.exists():
        raise MissingSource(
            f"{path} does not exist: check the spelling, or give another file or folder"
        )
    with Child() as child:
        if path.is_file():
            yield from _read_file(path, path.name, child)
            return
        for file in _files(path):
            yield from _read_file(file, file.relative_to(path).as_posix(), child)


def _files(folder: Path) -> list[Path]:
    files = [
        p
        for p in sorted(folder.rglob("*"))
        if p.is_file() and _is_known(p.relative_to(folder)) and not _is_readme(p)
    ]
    if not files:
        raise EmptySource(
            f"{folder} holds no articles: put {' '.join(SUFFIXES)} files into it,"
            " or give another folder"
        )
    return files


def _is_known(path: Path) -> bool:
    """Tell whether a path inside the folder given is one to read; hidden ones are not."""
    hidden = any(part.startswith(".") for part in path.parts)
    return not hidden and path.name.lower().endswith(SUFFIXES)


def _is_readme(path: Path) -> bool:
    """A README beside the articles describes them; it is not one of them. Given by name it is
    indexed like any file."""
    return path.stem.lower() == "readme"


def _read_file(path: Path, name: str, child: Child) -> Iterator[Source | SourceError]:
    if not _is_encodable(name):
        yield UnreadableSource(f"{name!r}: the file name is not UTF-8; rename the file")
        return
    suffix = path.suffix.lower()
    try:
        if name.lower().endswith(CORPUS_SUFFIXES):
            yield from _read_corpus(path, name)
        elif suffix in TEXT_SUFFIXES:
            yield _text_source(path, name, suffix)
        elif suffix in PARSED_SUFFIXES:
            extract = child.read(PARSED_SUFFIXES[suffix], path)
            yield _parsed_source(extract, path, name)
            if extract.problem:
                yield NeedsOcr(f"{path}: {extract.problem}")
        else:
            known = " ".join(SUFFIXES)
            yield UnreadableSource(f"{path}: unknown kind of file; convert it to one of {known}")
    except SourceError as error:
        yield error
    except OSError as error:
        yield UnreadableSource(f"{path}: cannot be read ({error.strerror or error})")


def _parsed_source(extract: Extract, path: Path, name: str) -> Source:
    fields = (extract.text, extract.title or "")
    if not _is_encodable("".join(fields)):
        raise UnreadableSource(f"{path}: half of a surrogate pair in its text; re-save it")
    return Source(name, extract.text, extract.title, extract.published, pages=extract.pages)


def _text_source(path: Path, name: str, suffix: str) -> Source:
    if path.stat().st_size > _MAX_BYTES:
        raise UnreadableSource(
            f"{path}: {path.stat().st_size:,} bytes is more than {_MAX_BYTES:,}; split the file"
        )
    data = path.read_bytes()
    if not data.strip():
        raise EmptySource(f"{path}: the file is empty; nothing to index")
    text = decode(data, str(path))
    return Source(name, text, *(front_matter(text) if suffix == ".md" else ()))


def front_matter(text: str) -> tuple[str | None, str | None]:
    """Return the title and the day that a Markdown file's front matter gives, each None when it
    does not.

    >>> front_matter("---\\ntitle: '标题'\\ndate: 2025-08-16 09:30\\n---\\n正文")
    ('标题', '2025-08-16')
    """
    found = _FRONT_MATTER.match(text[:20_000])
    fields: dict[str, str] = {}
    for line in found[1].splitlines() if found else ():
        key, colon, value = line.partition(":")
        value = value.strip()
        if value[:1] == value[-1:] and value[:1] in ("'", '"') and len(value) > 1:
            value = value[1:-1]
        if colon and value:
            fields.setdefault(key.strip().lower(), value)
    day = fields.get("date") or fields.get("published")
    return fields.get("title"), iso_day(day) if day else None


def _is_encodable(text: str) -> bool:
    """Tell whether `text` holds no half of a surrogate pair, as a file name in another encoding
    does."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


# -- corpora -----------------------------------------------------------------------------------


def _read_corpus(path: Path, name: str) -> Iterator[Source | SourceError]:
    blocks = _unpacked(path) if name.lower().endswith(".xz") else _blocks(path)
    found = False
    try:
        for number, line in enumerate(_lines(blocks), 1):
            if len(line) > _MAX_LINE:
                found = True
                yield UnreadableSource(
                    f"{name} line {number}: more than {_MAX_LINE:,} bytes, and nothing after it"
                    " is read; split it into records, one a line"
                )
                break
            if line.strip():
                found = True
                yield _record(line, name, number)
    except (lzma.LZMAError, EOFError) as error:
        yield UnreadableSource(f"{path}: damaged .xz file ({error}); copy it again")
        return
    if not found:
        yield EmptySource(f"{path}: the file is empty; nothing to index")


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block


def _unpacked(path: Path) -> Iterator[bytes]:
    """Yield the content of an .xz file in blocks of bounded size.

    Raises LZMAError or EOFError when it is damaged, UnreadableSource when it is a bomb.
    """
    packed = unpacked = 0
    with path.open("rb") as file:
        decoder = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)
        fed = b""
        while True:
            if decoder.eof:  # xz files may be put one behind another
                rest = (decoder.unused_data or fed).lstrip(b"\0") or file.read(_BLOCK).lstrip(b"\0")
                if not rest:
                    return
                decoder, fed = lzma.LZMADecompressor(memlimit=_XZ_MEMORY), rest
            elif decoder.needs_input and not fed:
                fed = file.read(_BLOCK)
                if not fed:
                    raise EOFError("it ends in the middle")
            packed = file.tell()
            block = decoder.decompress(fed, _BLOCK)
            fed = b""
            unpacked += len(block)
            if unpacked > _XZ_FREE and unpacked > _MOST_PACKED * packed:
                raise UnreadableSource(
                    f"{path}: {packed:,} bytes unpack to more than {unpacked:,}: no ordinary text;"
                    " unpack it and look"
                )
            if block:
                yield block


def _lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield lines; the last one yielded is longer than _MAX_LINE if one is, and cut there."""
    parts: list[bytes] = []
    size = 0
    for block in blocks:
        pieces = block.split(b"\n")
        for piece in pieces[:-1]:
            yield b"".join([*parts, piece])
            parts, size = [], 0
        parts.append(pieces[-1])
        size += len(pieces[-1])
        if size > _MAX_LINE:
            break
    if size:
        yield b"".join(parts)


def _record(line: bytes, name: str, number: int) -> Source | SourceError:
    try:
        record: Any = json.loads(line)
    except (ValueError, RecursionError) as error:  # JSON, UTF-8, or nested too deep
        return UnreadableSource(f"{name} line {number}: not a JSON object in UTF-8 ({error})")
    if not isinstance(record, dict):
        return UnreadableSource(f"{name} line {number}: not a JSON object")
    identity, text = record.get("id"), record.get("text")
    if (
        not isinstance(identity, str)
        or not identity
        or not isinstance(text, str)
        or not text.strip()
    ):
        return UnreadableSource(
            f'{name} line {number}: needs "id" and "text", both non-empty strings'
        )
    optional = {
        key: record[key]
        for key in ("title", "published", "url")
        if isinstance(record.get(key), str)
    }
    if published := record.get("published"):
        day = iso_day(str(published))
        if day is None:
            return UnreadableSource(
                f'{name} line {number}: "published" is {str(published)[:40]!r},'
                " which is no day; write it as 2025-08-16, or leave it out"
            )
        optional["published"] = day
    if not _is_encodable("".join([identity, text, *optional.values()])):
        return UnreadableSource(
            f"{name} line {number}: half of a surrogate pair, which is no text; write it anew"
        )
    return Source(f"{name}#{identity}", text, **optional)
