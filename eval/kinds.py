"""The kind of an answer, told from its words alone: for the table of kinds wanted and given.

105台 number    2025年8月16日 time    《黑神话》 title    红杉、高瓴 list    是 whether
刘慈欣 name     制造业企业面临“招人难”问题 clause            None: none
"""

from __future__ import annotations

import re

from eval.metrics import normalise

KINDS = ("number", "time", "name", "title", "list", "whether", "clause", "none")
LONGEST_NAME = 12  # normalised characters: 香港中文大学人工智能学院 has 12
LONGEST_LATIN_NAME = 5  # words

_NUMERAL = "[0-9０-９一二三四五六七八九十百千万亿两几]"
_TIME = re.compile(
    rf"{_NUMERAL}+ ?(?:年(?!级)|月|日|号|时|点|周)|[今去明前昨]年|[上下]半年|季度|今天|昨天|明天"
    r"|\b(?:19|20)\d\d\b|\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\b",
)
_NUMBER = re.compile(
    rf"^(?:约|近|超过?|逾|至少|不到|第|more than |over |about |nearly |\$|€|￥)*{_NUMERAL}"
)
_MOSTLY_TIME = 4  # characters a time may have beside its parts: 2025年初的时候
_WHETHER = re.compile(r"(?:是|是的|否|不是|没有|有|会|不会|能|不能|可以|不可以|yes|no)", re.I)
_TITLE = re.compile(r"[《“\"「『].+[》”\"」』]")
_LIST = re.compile(r"、|；|, .+(?:,| and )|\w+ and \w+")


def answer_kind(answer: str | None) -> str:
    """Return one of `KINDS` for a short answer; None, a refusal, is "none".

    >>> [answer_kind(a) for a in ("105台", "8月8日至12日", "刘慈欣", "《三体》", None)]
    ['number', 'time', 'name', 'title', 'none']
    """
    if answer is None:
        return "none"
    text = answer.strip().strip("。.！!")
    if _WHETHER.fullmatch(text):
        return "whether"
    if _TITLE.fullmatch(text):
        return "title"
    if _LIST.search(text):
        return "list"
    if _TIME.search(text) and len(normalise(_TIME.sub("", text))) <= _MOSTLY_TIME:
        return "time"
    if _NUMBER.match(text) and len(normalise(text)) <= LONGEST_NAME:
        return "number"
    return "name" if _is_short(text) else "clause"


def _is_short(text: str) -> bool:
    if text.isascii():
        return len(text.split()) <= LONGEST_LATIN_NAME
    return len(normalise(text)) <= LONGEST_NAME
