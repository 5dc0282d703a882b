"""How the list of common characters, common.txt, was made: `python -m rag.formats.common FILE…`

Reads text files (UTF-8, .xz too), counts the Han characters as they stand and turned Traditional
(OpenCC s2tw), Simplified and Traditional weighing the same, and prints the most frequent ones, most
frequent first, on one line. common.txt is from news articles, daily bulletins (both Simplified) and
the Traditional contexts of DRCD dev; nothing but the order is kept of them.
"""

from __future__ import annotations

import lzma
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

KEPT = 6500  # GB2312 has 6,763 characters, Big5's first level 5,401
_MOST_CHARS = 20_000_000  # of each file


def rank(texts: Iterable[str]) -> str:
    """Return the KEPT most frequent Han characters, most frequent first."""
    from opencc import OpenCC

    traditional = OpenCC("s2tw")
    total: Counter[str] = Counter()
    for text in texts:
        total.update(c for c in text if "\u4e00" <= c <= "\u9fff")
        total.update(c for c in traditional.convert(text) if "\u4e00" <= c <= "\u9fff")
    return "".join(c for c, _ in total.most_common(KEPT))


def _read(path: Path) -> str:
    data = path.read_bytes()
    text = (lzma.decompress(data) if path.suffix == ".xz" else data).decode("utf-8")
    return text[:_MOST_CHARS]


if __name__ == "__main__":
    sys.stdout.write(rank(map(_read, map(Path, sys.argv[1:]))) + "\n")
