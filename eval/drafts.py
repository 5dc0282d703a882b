"""Questions drafted from a user's own articles, by kind, for a person to accept or rewrite.

    松延动力7月交付人形机器人105台，创了纪录。
    →  松延动力7月交付人形机器人多少台？   105台   number

Chinese keeps the asking word where the answer stands, so a number, a date, a speaker, a place, a
title or a list gives way to its asking word. What comes out is grammatical more often than not, and
too close to the sentence: each draft says how much of it is copied. Some are made unanswerable.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from random import Random
from typing import Any, NamedTuple

from eval.authoring import COPIED_SHARE, language
from eval.gold import DRAFT, GoldRow
from eval.metrics import Quote, longest_shared_run, normalise
from eval.nearmiss import near_misses
from rag.chunks import sentences
from rag.kinds import FAMILY_NAMES
from rag.types import Article, Span

SHORTEST_SENTENCE, LONGEST_SENTENCE = 14, 110  # characters
SHORTEST_QUESTION = 8  # characters, without what asks; a shorter clause takes the one before it
SHORTEST_CLAUSE = 4  # what is left of the clause itself; less says nothing about the answer
UNANSWERABLE_SHARE = 5  # one draft of so many is made unanswerable

_CLAUSE = re.compile("[^，；。！？!?,;]+")
_UNIT = (
    "台|人次|人|名|家|个百分点|个月|个|项|款|件|辆|架|艘|座|所|套|场|次|年|天|小时|公里|平方米|亩|吨|"
    "亿元|万元|元|亿美元|万美元|美元|%|％|岁|种|条|部|位|户|例|倍"
)
_NUMBER = re.compile(rf"(?<![\d.,第])(?:超过|超|约|近|逾)?(\d[\d.,]*[万亿千百]?[多余]?)({_UNIT})")
_DATE = re.compile(
    r"(?:(?:19|20)\d\d年)?\d{1,2}月\d{1,2}日(?!至)|(?:19|20)\d\d年(?:\d{1,2}月|底|初)?(?![上下]半年|[年度])"
)
_TITLE = re.compile("《[^《》]{2,40}》")
_ITEM = "[^，。、；：“”（）\\s]{2,9}"
_LIST = re.compile(f"(?:{_ITEM}、){{2,}}{_ITEM}?(?=等|，|。|$)")
_PERSON = re.compile(
    f"([{''.join(sorted(FAMILY_NAMES))}][\u4e00-\u9fff]{{1,2}}?)(说|表示|认为|指出|介绍)[，：:]"
)
_ORG = re.compile(
    "([\u4e00-\u9fff]{3,16}?(?:公司|集团|大学|学院|研究院|医院|银行|协会|部|局|厅|委))"
    "(?=发布|印发|推出|宣布|举办|成立|启动|出台)"
)
_PLACE = re.compile(
    "(?<=在)([\u4e00-\u9fff]{2,8}(?:省|市|区|县|镇|村|馆))(?=举[行办]|召开|开幕|启动|成立)"
)
_CAUSE = re.compile("(?:由于|因为|得益于)([^，。；]{4,40})，([^，。；]{5,40})")
_ENGLISH_NUMBER = re.compile(r"\b\d[\d,.]*\d\b|\b\d\b")


class Drafted(NamedTuple):
    """A question, its answer, and the gold type of both."""

    question: str
    answer: str
    type: str


def suggest(
    articles: Sequence[Article], sources: Mapping[str, str], count: int
) -> list[dict[str, Any]]:
    """Return up to `count` drafts as gold rows, spread over kinds and articles.

    The same articles give the same drafts. `sources`: name -> raw text.
    """
    by_kind: dict[str, list[GoldRow]] = {}
    for row in _every_row(articles, sources):
        by_kind.setdefault(row.type, []).append(row)
    for rows in by_kind.values():
        Random("drafts").shuffle(rows)
    turns = zip_longest(*(by_kind[kind] for kind in sorted(by_kind)))
    spread = [row for turn in turns for row in turn if row is not None]
    kept = spread[: count - count // UNANSWERABLE_SHARE]
    missed = near_misses(spread[len(kept) :] + kept, sources.values())
    chosen = kept + [
        replace(row, id=f"{row.id}-u", difficulty="hard") for row in missed[: count - len(kept)]
    ]
    return [_as_draft(row) for row in chosen]


def _every_row(articles: Sequence[Article], sources: Mapping[str, str]) -> Iterator[GoldRow]:
    seen: set[str] = set()
    for article in articles:
        raw = sources[article.source]
        for span in sentences(article.text):
            if not SHORTEST_SENTENCE <= span.end - span.start <= LONGEST_SENTENCE:
                continue
            pieces = article.to_source(span, raw)
            quote = "".join(raw[slice(*pieces[0])].split()) if len(pieces) == 1 else ""
            for drafted in drafts_of(article.text[slice(*span)]) if quote else ():
                if drafted.question not in seen:
                    seen.add(drafted.question)
                    yield _row(drafted, Quote(article.source, quote))


def _row(drafted: Drafted, quote: Quote) -> GoldRow:
    data = f"{drafted.question}\n{quote.quote}".encode("utf-8", "backslashreplace")
    return GoldRow(
        id=f"s-{hashlib.sha256(data).hexdigest()[:8]}",
        question=drafted.question,
        lang=language(drafted.question),
        answers=(drafted.answer,),
        answerable=True,
        type=drafted.type,
        evidence=(quote,),
        difficulty="easy",
    )


def _as_draft(row: GoldRow) -> dict[str, Any]:
    asked = normalise(row.question)
    copied = max((longest_shared_run(asked, normalise(q)) for _, q in row.evidence), default=0)
    close = f"copies {copied} of {len(asked)} characters: say it in other words"
    made_up = "check that no article answers it"
    return {
        "id": row.id,
        "question": row.question,
        "lang": row.lang,
        "answers": list(row.answers),
        "answerable": row.answerable,
        "type": row.type,
        "evidence": [{"file": file, "quote": quote} for file, quote in row.evidence],
        "difficulty": row.difficulty,
        "status": DRAFT,
        "note": made_up
        if not row.answerable
        else close
        if copied >= COPIED_SHARE * len(asked)
        else "read it",
    }


# ---------------------------------------------------------------- one sentence


def drafts_of(sentence: str) -> list[Drafted]:
    """Return the questions that a sentence offers, at most one of each kind.

    >>> drafts_of("松延动力7月交付人形机器人105台，创了纪录。")
    [Drafted(question='松延动力7月交付人形机器人多少台？', answer='105台', type='number')]
    """
    if sentence.isascii():
        return _english(sentence)
    made = [rule(sentence) for rule in RULES]
    return [d for d in made if d and d.answer not in d.question]


def _gap(sentence: str, start: int, end: int, asks: str) -> str | None:
    """Return the clause around [start, end) with `asks` in its place, as a question."""
    clauses = [Span(*m.span()) for m in _CLAUSE.finditer(sentence)]
    home = next((k for k, c in enumerate(clauses) if c.start <= start and end <= c.end), None)
    if home is None:
        return None
    first, left = clauses[home].start, clauses[home].end - clauses[home].start - (end - start)
    if left < SHORTEST_QUESTION and home:
        first = clauses[home - 1].start
    after = sentence[end : clauses[home].end].removeprefix("等")
    asked = _balanced((sentence[first:start] + asks + after).strip())
    enough = left >= SHORTEST_CLAUSE and len(asked) - len(asks) >= SHORTEST_QUESTION
    return f"{asked}？" if enough else None


def _balanced(text: str) -> str:
    """Return the text without quotation marks and brackets that have lost their other half."""
    for pair in ("“”", "（）", "()", "《》"):
        if text.count(pair[0]) != text.count(pair[1]):
            text = text.replace(pair[0], "").replace(pair[1], "")
    return text.strip("：:—")


def _ask_for(
    pattern: re.Pattern[str], type_: str, asks: Callable[[re.Match[str]], str], group: int = 0
) -> Callable[[str], Drafted | None]:
    """Return a rule: the first match gives way to what asks for it."""

    def rule(sentence: str) -> Drafted | None:
        for match in pattern.finditer(sentence):
            question = _gap(sentence, *match.span(group), asks(match))
            if question:
                return Drafted(question, match.group(group), type_)
        return None

    return rule


def _number(sentence: str) -> Drafted | None:
    for match in _NUMBER.finditer(sentence):
        number, unit = match.groups()
        if unit == "年" and re.fullmatch(r"(?:19|20)\d\d", number):
            continue
        asks = "百分之多少" if unit in "%％" else f"多少{unit}"
        question = _gap(sentence, match.start(), match.end(), asks)
        if question:
            return Drafted(question, match.group(), "number")
    return None


def _speaker(sentence: str) -> Drafted | None:
    match = _PERSON.search(sentence)
    if not match:
        return None
    told = sentence[match.end() :].strip("“”")
    clause = _CLAUSE.match(told)
    if not clause or len(clause.group()) < SHORTEST_QUESTION:
        return None
    return Drafted(f"谁{match.group(2)}{_balanced(clause.group())}？", match.group(1), "person")


def _reason(sentence: str) -> Drafted | None:
    match = _CAUSE.search(sentence)
    return Drafted(f"为什么{match.group(2)}？", match.group(1), "reason") if match else None


def _english(sentence: str) -> list[Drafted]:
    """Return a question for the first number of an English sentence: "… how many …?"."""
    match = _ENGLISH_NUMBER.search(sentence)
    if not match or re.fullmatch(r"(?:19|20)\d\d", match.group()):
        return []
    asked = sentence[: match.start()] + "how many" + sentence[match.end() :]
    return [Drafted(asked.rstrip(". ") + "?", match.group(), "number")]


RULES: tuple[Callable[[str], Drafted | None], ...] = (
    _number,
    _ask_for(_DATE, "date", lambda match: "什么时候"),
    _speaker,
    _ask_for(_ORG, "org", lambda match: "哪个单位", 1),
    _ask_for(_PLACE, "place", lambda match: "哪里", 1),
    _ask_for(_TITLE, "title", lambda match: "哪份文件或作品"),
    _ask_for(_LIST, "list", lambda match: "哪些"),
    _reason,
)
