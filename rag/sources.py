"""A path → the sources in it. A bad file comes out as an error value, so that the rest of a folder
is still read.

A source's name is its path relative to the folder given (a bare file: its name); a JSONL record is
`file.jsonl#id`.
"""

from __future__ import annotations

import datetime
import json
import lzma
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rag.errors import EmptySource, MissingSource, SourceError, UnreadableSource
from rag.types import Source

TEXT_SUFFIXES = (".txt", ".md")
CORPUS_SUFFIXES = (".jsonl", ".jsonl.xz")
# tried in this order; GB18030 covers GBK and GB2312, common in Chinese text
ENCODINGS = ("utf-8", "gb18030")
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})(?!\d)")
_MAX_BYTES = 1_000_000_000  # of one text file
_CONTROL_SHARE = 0.01  # more control characters than this is no text


def read_sources(path: Path) -> Iterator[Source | SourceError]:
    """Yield the sources of a file or, recursively and in order of name, of a folder.

    Raises MissingSource when the path does not exist and EmptySource when a folder holds no file of
    a known kind; anything wrong with a single file is yielded as a SourceError instead.
    """
    if not path.exists():
        raise MissingSource(
            f"{path} does not exist: check the spelling, or give another file or folder"
        )
    if path.is_file():
        yield from _read_file(path, path.name)
        return
    files = [
        p
        for p in sorted(path.rglob("*"))
        if p.is_file() and _is_known(p.relative_to(path)) and not _is_readme(p)
    ]
    if not files:
        known = " ".join(TEXT_SUFFIXES + CORPUS_SUFFIXES)
        raise EmptySource(
            f"{path} holds no articles: put {known} files into it, or give another folder"
        )
    for file in files:
        yield from _read_file(file, file.relative_to(path).as_posix())


def _is_known(path: Path) -> bool:
    """Tell whether a path inside the folder given is one to read; hidden ones are not."""
    hidden = any(part.startswith(".") for part in path.parts)
    return not hidden and path.name.lower().endswith(TEXT_SUFFIXES + CORPUS_SUFFIXES)


def _is_readme(path: Path) -> bool:
    """A README beside the articles describes them; it is not one of them. Given by name it is
    indexed like any file."""
    return path.stem.lower() == "readme"


def _read_file(path: Path, name: str) -> Iterator[Source | SourceError]:
    if not _is_encodable(name):
        yield UnreadableSource(f"{name!r}: the file name is not UTF-8; rename the file")
        return
    try:
        if name.lower().endswith(CORPUS_SUFFIXES):
            yield from _read_corpus(path, name)
        elif name.lower().endswith(TEXT_SUFFIXES):
            yield Source(name, _read_text(path))
        else:
            known = " ".join(TEXT_SUFFIXES + CORPUS_SUFFIXES)
            yield UnreadableSource(f"{path}: unknown kind of file; convert it to one of {known}")
    except SourceError as error:
        yield error
    except OSError as error:
        yield UnreadableSource(f"{path}: cannot be read ({error.strerror or error})")


def _read_text(path: Path) -> str:
    if path.stat().st_size > _MAX_BYTES:
        raise UnreadableSource(
            f"{path}: {path.stat().st_size:,} bytes is more than {_MAX_BYTES:,}; split the file"
        )
    data = path.read_bytes()
    if not data.strip():
        raise EmptySource(f"{path}: the file is empty; nothing to index")
    return decode(data, str(path))


def decode(data: bytes, name: str) -> str:
    """Decode text, trying ENCODINGS in order, with no newline translation.

    Raises UnreadableSource for binary content and for text in none of the encodings, saying which
    were tried.
    """
    if b"\0" in data[:65536]:
        raise UnreadableSource(f"{name}: binary content, not text; convert it to UTF-8 text first")
    for encoding in ENCODINGS:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _is_text(text):
            return text
    raise UnreadableSource(
        f"{name}: not readable as text (tried {', '.join(ENCODINGS)});"
        " convert it, e.g. iconv -f ENCODING -t utf-8"
    )


def _is_text(text: str) -> bool:
    sample = text[:100_000]
    odd = sum(
        1
        for c in sample
        if (c < " " and c not in "\t\n\r\f\v") or "\x7f" <= c < "\xa0" or "\ue000" <= c < "\uf900"
    )
    return odd <= _CONTROL_SHARE * len(sample)


def _is_encodable(text: str) -> bool:
    """Tell whether `text` holds no half of a surrogate pair, as a file name in another encoding
    does."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _read_corpus(path: Path, name: str) -> Iterator[Source | SourceError]:
    compressed = name.lower().endswith(".xz")
    found = False
    try:
        with lzma.open(path, "rb") if compressed else path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    found = True
                    yield _record(line, name, number)
    except (lzma.LZMAError, EOFError) as error:
        yield UnreadableSource(f"{path}: damaged .xz file ({error}); copy it again")
        return
    if not found:
        yield EmptySource(f"{path}: the file is empty; nothing to index")


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
        day = _iso_day(str(published))
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


def _iso_day(text: str) -> str | None:
    """Return the day that a date or a time stamp begins with, as YYYY-MM-DD, or None.

    >>> _iso_day("2025-08-16T09:30:00Z"), _iso_day("2025年8月16日"), _iso_day("2025-13-01")
    ('2025-08-16', '2025-08-16', None)
    """
    found = _DAY.match(text.strip())
    try:
        return datetime.date(*map(int, found.groups())).isoformat() if found else None
    except ValueError:
        return None
