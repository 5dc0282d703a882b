"""Texts and runs as the store keeps them.

A text is GB18030 (two bytes a Chinese character) packed by zlib, until the store has learnt a
dictionary from its first texts: what these have in common, which zstd then need not say again. Over
news a text takes 0.46 of its UTF-8 bytes by zlib and 0.38 with a dictionary of 112 KB learnt from
the thousand texts before (0.2 s; level 6 0.384, 9 0.382; a dictionary of 64 KB 0.386, of 200 KB
0.372). Python has zstd from 3.14 on; until then it comes from `zstandard`. Both notice bits that
flip: zlib has a checksum, zstd is told to write one.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

import zstandard

from rag.types import Run

_LEVEL = 3  # of zlib: 9 is 0.5 % smaller
_BEST_LEVEL = 7  # of zstd: 5 is 0.05 of the text larger, 12 0.006 smaller in twice the time
_BYTES = 112 * 1024  # of a dictionary
_GB, _UTF16 = b"g", b"u"  # first byte of a packed text: its encoding
_LEARNT = b"z"  # … or that it is GB18030 and packed with the dictionary
_DIFFERS = b"d"  # … or that it is GB18030 and packed beside a text that it is like


class Dictionary:
    """What the texts of a store have in common. Not shared between threads."""

    def __init__(self, data: bytes) -> None:
        """Use one that `learnt` gave."""
        self.data = data
        self._known = zstandard.ZstdCompressionDict(data)

    @cached_property
    def _packer(self) -> zstandard.ZstdCompressor:
        self._known.precompute_compress(level=_BEST_LEVEL)
        return zstandard.ZstdCompressor(
            level=_BEST_LEVEL, dict_data=self._known, write_checksum=True, write_dict_id=False
        )

    @cached_property
    def _unpacker(self) -> zstandard.ZstdDecompressor:
        return zstandard.ZstdDecompressor(dict_data=self._known)

    def pack(self, data: bytes) -> bytes:
        """Return data as it is kept."""
        return self._packer.compress(data)

    def unpack(self, packed: bytes) -> bytes:
        """Return the data. Raises ValueError when it is not what was packed."""
        try:
            return self._unpacker.decompress(packed)
        except zstandard.ZstdError as error:
            raise ValueError(str(error)) from error


def learnt(texts: Sequence[str]) -> Dictionary | None:
    """Learn what texts have in common; None where that is nothing."""
    samples: list[bytes | bytearray | memoryview] = [
        text.encode("gb18030", "ignore") for text in texts
    ]
    try:
        return Dictionary(zstandard.train_dictionary(_BYTES, samples).as_bytes())
    except zstandard.ZstdError:  # too few, or too much alike
        return None


def pack(text: str, like: str = "", dictionary: Dictionary | None = None) -> bytes:
    """Return a text as it is kept; any Python string comes back whole. Beside one that it is `like`
    it takes but what differs."""
    try:
        data, beside = text.encode("gb18030"), like.encode("gb18030")
    except UnicodeEncodeError:  # half a surrogate pair
        return _UTF16 + zlib.compress(text.encode("utf-16-le", "surrogatepass"), _LEVEL)
    if beside:
        packer = zlib.compressobj(_LEVEL, zdict=beside)
        return _DIFFERS + packer.compress(data) + packer.flush()
    if dictionary is not None:
        return _LEARNT + dictionary.pack(data)
    return _GB + zlib.compress(data, _LEVEL)


def unpack(
    packed: bytes, like: str = "", dictionary: Callable[[], Dictionary | None] = lambda: None
) -> str:
    """Return the text; `dictionary` is called for those packed with it. Raises ValueError when it
    is not one."""
    try:
        if needs_dictionary(packed):
            known = dictionary()
            if known is None:
                raise ValueError("the dictionary that it was packed with cannot be read")
            return known.unpack(packed[1:]).decode("gb18030")
        if packed[:1] == _DIFFERS:
            packer = zlib.decompressobj(zdict=like.encode("gb18030"))
            return (packer.decompress(packed[1:]) + packer.flush()).decode("gb18030")
        data = zlib.decompress(packed[1:])
        return data.decode("gb18030") if packed[:1] != _UTF16 else _of_utf16(data)
    except zlib.error as error:
        raise ValueError(str(error)) from error


def _of_utf16(data: bytes) -> str:
    return data.decode("utf-16-le", "surrogatepass")


def needs_dictionary(packed: bytes | None) -> bool:
    """Tell whether a text was packed with the dictionary."""
    return packed is not None and packed[:1] == _LEARNT


def pack_runs(runs: Sequence[Run]) -> str:
    """Return runs as they are kept: how far each begins behind the end of the one before, and its
    length. Where it stands in the article follows, because runs tile it.

    >>> pack_runs([Run(0, 0, 4), Run(4, 5, 7)])
    '[0,4,1,7]'
    """
    told: list[int] = []
    end = 0
    for _, start, length in runs:
        told += (start - end, length)
        end = start + length
    return json.dumps(told, separators=(",", ":"))


def unpack_runs(packed: str) -> list[Run]:
    """Return the runs. Raises ValueError or TypeError when they are none.

    >>> unpack_runs("[0,4,1,7]")
    [Run(in_article=0, in_source=0, length=4), Run(in_article=4, in_source=5, length=7)]
    """
    runs: list[Run] = []
    at = 0
    for start, end in _places(packed):
        runs.append(Run(at, start, end - start))
        at += end - start
    return runs


def copied(raw: str, packed: str) -> str:
    """Return the text that runs copy from a source. Raises as `unpack_runs` does.

    >>> copied("7月 交付105台", "[0,2,1,2]")
    '7月交付'
    """
    return "".join([raw[start:end] for start, end in _places(packed)])


def _places(packed: str) -> Iterator[tuple[int, int]]:
    """Yield where each run stands in its source."""
    told = json.loads(packed)
    end = 0
    for gap, length in zip(told[::2], told[1::2], strict=True):
        start = end + gap
        end = start + length
        yield start, end
