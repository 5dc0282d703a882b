"""What a model writes, in pieces of any length → its sentences, each with the quotes after it.

    '7月交付105台。[1 “交付机器人105台”]'  →  Said("7月交付105台。", ((1, "交付机器人105台"),))

A mark without words ([1]), a bracket that never closes and everything a model thinks aloud
(<think>…</think>) are not quotes; markdown around a sentence is taken off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

LONGEST = 4000  # characters of a sentence or a quote; more is no sentence

_OPEN, _CLOSE = "\"“”„«「『'‘＂", "\"“”»」』'’＂"
_GROUP = re.compile(
    rf"\s*[\[［【]\s*(?P<n>\d{{1,2}})\s*[:：,，]?\s*[{_OPEN}](?P<words>.*?)[{_CLOSE}]\s*[\]］】]",
    re.DOTALL,
)
_MARK = re.compile(
    r"[\[［【(（]\s*\d{1,3}(?:\s*[,，、†:：-]\s*[\w -]{1,12})*\s*[\]］】)）]|\[\^\d+\]"
)
_BEGUN = re.compile(
    r"\s*[\[［【](?:\s*\d{0,2}\s*[:：,，]?\s*(?:[" + _OPEN + r"].*)?)?\Z", re.DOTALL
)
_START = re.compile(r"[\[［【]\s*\d")
_END = re.compile(r"[。！？!?]+[”’」』）)\"]*|\n|\.(?=\s)")
_CLOSING = re.compile(r"\s*[。！？!?.；;]")
_TWICE = re.compile(r"([。！？!?.；;])[。.；;]+$")  # before and after the quotes
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)\s*", re.DOTALL)
_LEAD = re.compile(r"^(?:\s|[-*•#>]+(?=\s)|\d{1,2}[.、)）](?=\s))+")
_EMPHASIS = re.compile(r"\*\*|__|`|~~")


class Said(NamedTuple):
    """A sentence of a model and what it quotes: numbers of passages, from 1, and words."""

    text: str
    quotes: tuple[tuple[int, str], ...]


class Sentences:
    """Puts pieces together and gives out sentences as soon as they are whole."""

    def __init__(self) -> None:
        self._rest = ""
        self._thinks = False

    def feed(self, piece: str) -> Iterator[Said]:
        """Yield the sentences that this piece completes."""
        self._rest += piece
        if not self._drop_thoughts():
            return
        yield from self._whole(final=False)

    def close(self) -> Iterator[Said]:
        """Yield what is left when the model has ended."""
        self._rest = _THOUGHT.sub("", self._rest)
        yield from self._whole(final=True)

    def _drop_thoughts(self) -> bool:
        """Tell whether there is text to look at: not while the model thinks aloud."""
        opened = self._rest.find("<think>")
        if opened >= 0 and "</think>" not in self._rest[opened:]:
            return False
        self._rest = _THOUGHT.sub("", self._rest)
        return not re.search(r"<[a-z/]{0,6}\Z", self._rest)

    def _whole(self, *, final: bool) -> Iterator[Said]:
        while self._rest:
            end = _next_end(self._rest, final)
            if end is None:
                if len(self._rest) > LONGEST:
                    self._rest = ""
                return
            said = _said(self._rest[:end])
            self._rest = self._rest[end:]
            if said.text or said.quotes:
                yield said


def _next_end(text: str, final: bool) -> int | None:
    """Return where the first sentence and its quotes end; None when more of it may come."""
    start, end = _START.search(text), _END.search(text)
    if start is None and end is None:
        return len(text) if final else None
    at = start.start() if start and (end is None or start.start() < end.start()) else None
    if at is None:
        assert end is not None
        at = end.end()
    while group := _GROUP.match(text, at):
        at = group.end()
    if not final and (not text[at:].strip() or _BEGUN.match(text[at:])):
        return None  # a quote has begun, or may begin
    if at == (start.start() if start else -1):  # a mark without words
        mark = _MARK.match(text, at)
        after = mark.end() if mark else at + 1
        following = _next_end(text[after:], final)
        return None if following is None else after + following
    closing = _CLOSING.match(text, at)
    return closing.end() if closing else at


def _said(text: str) -> Said:
    quotes = tuple((int(m["n"]), m["words"].strip()) for m in _GROUP.finditer(text))
    bare = _MARK.sub("", _GROUP.sub("", text))
    plain = _TWICE.sub(r"\1", _EMPHASIS.sub("", _LEAD.sub("", bare)).strip())
    return Said(plain if any(map(str.isalnum, plain)) else "", quotes)
