"""Sources, and copies of them with noise, to measure an index that is larger than what there is.

In a copy two Chinese characters in seven are another source's: what it is about is still to be
seen, but hardly eight letters in a row are the original's, so that few copies share fingerprints
(rag.sketches): an archive would not have five near-duplicates of every article either.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from rag.errors import SourceError
from rag.sketches import SHINGLE
from rag.types import Source

_EXCHANGED = 2  # Chinese characters in a row
_STEP = SHINGLE - 1  # from one exchange to the next: no shingle fits between two
_HAN = re.compile("[\u3400-\u9fff]")

Sources = Iterable[Source | SourceError]


def with_copies(read: Callable[[], Sources], count: int) -> Iterator[Source | SourceError]:
    """Yield what `read` gives, then `count` copies of each source, the same every time."""
    yield from read()
    for copy in range(1, count + 1):
        before: deque[str] = deque(maxlen=copy)  # copy n is mixed with the n-th source before it
        for source in read():
            if isinstance(source, Source):
                yield _copied(source, before[0] if before else source.text[::-1], copy)
                before.append(source.text)


def _copied(source: Source, other: str, copy: int) -> Source:
    """Return a copy under a name of its own."""
    title = mixed(source.title, other, copy) if source.title else source.title
    text = mixed(source.text, other, copy)
    return replace(source, name=f"{source.name}~{copy}", text=text, title=title)


def mixed(text: str, other: str, copy: int) -> str:
    """Return a text with some of its Chinese characters exchanged for those of another one, at
    other places in each copy.

    >>> mixed("7月，机器人产业在北京加速崛起", "春天到了大家都去公园赏花", 1)
    '7春，机器人产业都去京加速崛起'
    """
    theirs = _HAN.findall(other) or [""]
    letters, number = list(text), copy
    for match in _HAN.finditer(text):
        if number % _STEP < _EXCHANGED:
            letters[match.start()] = theirs[(number - copy) % len(theirs)] or match[0]
        number += 1
    return "".join(letters)
