"""Plain text and Markdown: bytes of an unknown encoding → characters.

A byte order mark decides, then UTF-8 where it is valid. Everything else is judged by the characters
that come out: Chinese and English text is made of ordinary ones (common.txt, the signs of print,
ASCII), the same bytes in a wrong encoding of rare ones.

  bytes         as GB18030     as Big5
  D6D0 B9FA     中国           笢弊        the left is likelier by 12 nats

Right of 1,200 stretches of 20 characters each (charset-normalizer 3.5 alone, of 60): news in
GB18030 100 % (93 %), GBK 100 % (78 %), UTF-16 100 % (98 %); encyclopaedia in Big5 100 % (95 %),
Traditional in GB18030 100 % (98 %); English with five Chinese characters in GB18030 99.6 % (10 %),
in Big5 99.5 % (67 %). Of stretches of 4 characters of Chinese 95 to 99 %. Measured 2026-11.
"""

from __future__ import annotations

import codecs
import math
import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from importlib.resources import files

from rag.errors import UnreadableSource

# GB18030 covers GBK and GB2312; cp950 is Big5 as Windows writes it, big5hkscs with Hong Kong's
# characters; cp1252 is what English with curly quotes is in where it is not UTF-8
ENCODINGS = ("utf-8", "gb18030", "cp950", "big5hkscs", "utf-16-le", "utf-16-be", "cp1252")
# longest first: UTF-32's begins with UTF-16's. UTF-8's is none of these: it stays in the text
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 65_536  # bytes looked at; 20 characters are enough, see tests/test_formats_text.py
_CONTROL_SHARE = 0.01  # more control characters than this is no text
# nats: mean log-probability of the characters that are not ASCII. 20 characters of news have -6.7,
# one text in a thousand -9.1; 500 have at least -7.8. Read as GB18030, Korean has -10.1, Japanese
# -12.7, random bytes -18
_LEAST_ORDINARY, _LEAST_OF_MANY = -10.0, -9.0
_MANY = 100  # characters
_SIGNS = "，。、；：？！“”‘’（）《》〈〉「」『』【】…—·‧～％　"
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})(?!\d)")


def decode(data: bytes, name: str) -> str:
    """Decode text with no newline translation.

    Raises UnreadableSource for binary content, for text in none of the encodings, and for text with
    a byte that its encoding does not have, naming the byte.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _checked(_strictly(data, encoding, name), name)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        if "\0" not in text:
            return _checked(text, name)
    sample = _sample(data)
    best, ordinary = guess(sample)
    if ordinary < (_LEAST_OF_MANY if len(sample) > 2 * _MANY else _LEAST_ORDINARY):
        raise UnreadableSource(_advice(sample, name))
    return _checked(_strictly(data, best, name), name)


def guess(sample: bytes) -> tuple[str, float]:
    """Return the encoding whose characters are the most ordinary, and how ordinary they are: the
    mean log-probability of a character that is not ASCII (of all, where most are), in nats.

    >>> guess("今年7月交付105台".encode("big5"))[0], guess("今年7月交付105台".encode("gbk"))[0]
    ('cp950', 'gb18030')
    """
    scores: dict[str, tuple[float, float]] = {}
    for encoding in ENCODINGS:
        if encoding.startswith("utf-16") and len(sample) % 2:
            continue
        text = sample.decode(encoding, "replace")
        counts = Counter(text)
        ascii_part = sum(n * _log_probability(c) for c, n in counts.items() if c < "\x80")
        rest = sum(n * _log_probability(c) for c, n in counts.items() if c >= "\x80")
        others = sum(n for c, n in counts.items() if c >= "\x80")
        total = ascii_part + rest
        few = others < len(text) / 10
        scores[encoding] = total, total / len(text) if few else rest / others
    best = max(scores, key=lambda e: scores[e][0])
    return best, scores[best][1]


def _sample(data: bytes) -> bytes:
    """Return a part of the data that tells encodings apart: it begins near the first byte that is
    not ASCII."""
    odd = re.search(rb"[^\x01-\x7f]", data)
    start = max(0, odd.start() - 200) & ~1 if odd else 0
    return data[start : start + _SAMPLE]


def _strictly(data: bytes, encoding: str, name: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableSource(
            f"{name}: {encoding} text but for byte {error.start:,}"
            f" ({data[error.start : error.start + 4].hex(' ')}): mend or cut it,"
            f" e.g. iconv -c -f {encoding} -t utf-8"
        ) from error


def _checked(text: str, name: str) -> str:
    sample = text[:100_000]
    odd = sum(n for c, n in Counter(sample).items() if _is_odd(c))
    if odd > _CONTROL_SHARE * len(sample):
        raise UnreadableSource(
            f"{name}: binary content, not text ({odd} control or private-use characters in the"
            f" first {len(sample):,}): convert it to UTF-8 text first"
        )
    return text


def _is_odd(c: str) -> bool:
    return (c < " " and c not in "\t\n\r\f\v") or "\x7f" <= c < "\xa0" or "\ue000" <= c < "\uf900"


def _advice(sample: bytes, name: str) -> str:
    if b"\0" in sample:
        return f"{name}: binary content, not text; convert it to UTF-8 text first"
    from charset_normalizer import from_bytes  # it knows a hundred encodings more

    found = from_bytes(sample[:8192]).best()
    looks = f"; it may be {found.encoding}" if found and found.encoding not in ENCODINGS else ""
    return (
        f"{name}: not readable as text (tried {', '.join(ENCODINGS)}{looks}):"
        f" convert it, e.g. iconv -f {found.encoding if looks and found else 'ENCODING'} -t utf-8"
    )


@cache
def _ranks() -> dict[str, int]:
    text = files("rag.formats").joinpath("common.txt").read_text(encoding="utf-8")
    return {c: rank for rank, c in enumerate(text.strip())}


def _log_probability(c: str) -> float:
    """Return about how likely a character is in Chinese or English print, in nats.

    The Han part is fitted on the ranks of common.txt in 5,000 news articles (mean -5.0 among the
    first 10, -7.8 among 300–1,000, -12.6 among 3,000–6,500); the rest are orders of magnitude.
    """
    if c < "\x80":
        return (
            -4.5 if c.isalnum() or c in " \n" else -6.5 if c.isprintable() or c in "\t\r" else -25.0
        )
    if (rank := _ranks().get(c)) is not None:
        return -5.0 - 0.11 * math.sqrt(rank)
    if c in _SIGNS:
        return -4.5
    return next(value for is_in, value in _CLASSES if is_in(c))


_CLASSES: tuple[tuple[Callable[[str], bool], float], ...] = (
    (lambda c: c == "\ufffd" or _is_odd(c), -25.0),
    (lambda c: "\u4e00" <= c <= "\u9fff", -16.0),
    (lambda c: "\uff01" <= c <= "\uff5e", -8.0),
    (lambda c: c in "–•‧∙€£©®°éèüöäáàóíñç\xa0", -7.0),
    (lambda c: c in "\u2002\u2003\u2009", -10.0),
    (lambda c: "\xc0" <= c <= "\xff", -11.0),
    (lambda c: c.isprintable(), -15.0),
    (lambda c: True, -22.0),
)


def iso_day(text: str) -> str | None:
    """Return the day that a date or a time stamp begins with, as YYYY-MM-DD, or None.

    >>> iso_day("2025-08-16T09:30:00Z"), iso_day("2025年8月16日"), iso_day("2025-13-01")
    ('2025-08-16', '2025-08-16', None)
    """
    import datetime

    found = _DAY.match(text.strip())
    try:
        return datetime.date(*map(int, found.groups())).isoformat() if found else None
    except ValueError:
        return None
