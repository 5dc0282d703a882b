"""Whether what was read can be the answer at all, where a question asks for what no one place says.

    甲比乙多多少?  "7.98万元"          a part of the sum, no difference: not reckoned
    甲和乙哪个贵?  "0.43美元"          neither of them: not chosen
    是哪三条?      "三条"              how many, not which: counted
    上海有多少家?  "北京已有57家"      Beijing's: another's

A reader is often sure of a part, because it is of the kind asked for and stands where the question
leads. Of 33 marked so in the dev part of `eval/composed.jsonl` none is right (`python -m
eval.composed`, 2026-11-22). Of 700 ordinary held-out questions none is marked.
"""

from __future__ import annotations

import re
from dataclasses import replace

from rag.choices import asked_choice, asked_property, options
from rag.claims import Claim, sentence_around
from rag.confidence import ANOTHERS, COUNTED, UNCHOSEN, UNRECKONED
from rag.kinds import asked_kind
from rag.opposed import asked_opposed
from rag.owners import is_change
from rag.quantities import quantities
from rag.rivals import rival
from rag.terms import fold, is_chinese
from rag.types import Article, Span

_SIZES = "多|少|高|低|贵|便宜|大|小|快|慢|长|短|早|晚|重|轻|厚|薄|宽|窄|远|近"
_ENGLISH_SIZES = (
    "more|less|fewer|higher|lower|longer|shorter|larger|smaller|bigger|older|younger|cheaper|dearer"
    "|faster|slower|heavier|lighter|earlier|later|ahead|behind|apart|above|below"
)
_ASKS_GAP = re.compile(
    rf"比[^，,]{{1,24}}?(?:{_SIZES}|领先|落后)(?:出了?|了)?[^，,多少几]{{0,4}}(?:多少|几(?!乎))"
    r"|相差[^，]{0,3}(?:多少|几)|差了?(?:多少|几)|差距(?:是|有|为)?多"
    rf"|how (?:much|many|far|long)(?: [a-z]+){{0,3}} (?:{_ENGLISH_SIZES})\b(?!.*\bor\b)"
    r"|difference between|by how (?:much|many)|how far apart"
)
_GAP_BEFORE = re.compile(
    rf"(?:{_SIZES}|差距?|相差|差价|间隔|领先|落后|超出?|增|减|涨|降|升)"
    r"(?:出|了|达|到|为|约|近|有|至少|整整|将近|不到|超过|收入?|[^，。；0-9]{1,2}了)*$"
    r"|\b(?:by|up|down|gap of|difference of|rose|fell|grew|lead of|another|extra)"
    r"(?: (?:about|some|nearly|over|around|only|just))?\W*$"
)
_GAP_AFTER = re.compile(
    rf"^[^，。；,.;]{{0,3}}(?:之差|的差距|{_SIZES})|^(?: [\w%]+){{0,3}} (?:{_ENGLISH_SIZES}|gap"
    r"|difference|increase|rise|fall|drop)\b"
)
_ASKS_SUM = re.compile(
    r"加起来|合起来|加在一起|合在一起|合到一起|\baltogether\b|\bput together\b|\bcombined\b"
    r"|\band\b.*\bin total\b|\btotal of .* and\b"
)
_SUM_NEAR = re.compile(r"共|合计|总|累计|加起来|合起来|\b(?:total\w*|combined|altogether|in all)\b")
_ASKS_REST = re.compile(
    r"除(?:了|去|掉|开)?[^，,？?]{2,20}?(?:以外|之外|外)?[，,]?(?:还|剩|其余|其他|余下).*(?:多少|几)"
    r"|还(?:剩|差|缺|欠)[^，]*(?:多少|几)|剩(?:下|余)?的?(?:有|还有)?(?:多少|几)"
    r"|还有(?:多少|几)[^，]*(?:没|未|不)"
    r"|how (?:many|much)\b.*\b(?:left|remain\w*|other than|outside|except|besides|not yet)\b"
)
_REST_NEAR = re.compile(
    r"余|剩|尚|还|仍|没|未|差|缺|欠|除|外|另|\b(?:left|remain\w*|still|other|rest|outside|not|yet)\b"
)
_ASKS_SHARE = re.compile(r"占[^，]{0,12}(?:多少|几成)|百分之几|几成|what (?:share|percentage)")
_IS_SHARE = re.compile("%|成|分之|半|倍|比|per ?cent|percent|third|quarter|half|fifth|tenth|times")
_FIGURE = re.compile("[0-9一二三四五六七八九十百千万亿两半几]")
_WAYS = re.compile(
    r"高于还是低于|低于还是高于|[多高大长贵]还是[少低小短便]|[少低小短]还是[多高大长]|便宜还是"
    r"|增[加长]?了?还是减|减[少]?了?还是增|升了?还是降|涨了?还是跌|降了?还是升|跌了?还是涨"
    r"|\b(?:higher|lower|more|less|fewer|up|down|rise|fall) or\b"
)
_GOOD_OR_BAD = re.compile("[好坏对错真假快慢多少大小]了?还是[好坏差错对假真慢快少多小大]")
_WAY_SAID = re.compile(
    rf"{_SIZES}|好|差|超|及|增|减|升|降|涨|跌|平|同|样|倍|不|落|缩|扩|{_ENGLISH_SIZES}"
    r"|same|equal|exceed|rose|fell|grew|up\b|down\b|too|beat"
)
_COUNT_ONLY = re.compile(
    r"(?:[一-鿿]{0,3}?)(?:[一二三四五六七八九十两几]|\d{1,2})(?:个|条|项|点|类|种|大|步|方面|样|件)+"
    r"[一-鿿]{0,3}"
)
_TIME = re.compile(r"\d\d?[月日号]|(?:19|20)\d\d|年|季度|今|去|昨|当")
_TRIED = 4  # answers looked at, the doubtful one among them
_NEAR = 20  # characters on each side that say what a figure is


def doubted(question: str, claims: list[Claim]) -> list[Claim]:
    """Return the claims with the first one marked, by its `rule`, where it was read and cannot be
    what the question asks for; the claims themselves where nothing tells against it."""
    if not claims or claims[0].rule:
        return claims
    best = claims[0]
    if (found := not_anothers(question, claims)) is not claims:
        return found
    if is_chinese(question) != is_chinese(best.text + _around(best)):
        return claims  # the words of one language say nothing of the other's
    doubt = (
        UNRECKONED
        if _is_a_part(fold(question), best)
        else UNCHOSEN
        if _is_no_option(question, best)
        else COUNTED
        if _is_only_how_many(question, best.text)
        else ""
    )
    if doubt == UNRECKONED and (told := _told(fold(question), claims)):
        return [told, *(claim for claim in claims if claim is not told)]
    return [replace(best, rule=doubt), *claims[1:]] if doubt else claims


def not_anothers(question: str, claims: list[Claim]) -> list[Claim]:
    """Return the claims with the first one marked where it was read, and is said of another than
    the question names."""
    if not claims or claims[0].rule or not rival(question, claims[0]):
        return claims
    return [replace(claims[0], rule=ANOTHERS), *claims[1:]]


def _told(asked: str, claims: list[Claim]) -> Claim | None:
    """Return the figure, among those read next, that the text tells as what is asked for: the 24
    of "191 reopened. The 24 not yet open", where the rest is asked for."""
    unit = [q.unit for q in quantities(claims[0].text)]
    for claim in claims[1:_TRIED]:
        alike = [q.unit for q in quantities(claim.text)] == unit
        if alike and len(unit) == 1 and not _is_a_part(asked, claim):
            return claim
    return None


def _around(claim: Claim) -> str:
    article, span = claim.places[0]
    sentence = sentence_around(article, span)
    return article.text[sentence.start : sentence.end]


def _sides(article: Article, span: Span) -> tuple[str, str]:
    """Return what stands before the first figure of a span, and behind the span, in its
    sentence."""
    sentence = sentence_around(article, span)
    figure = _FIGURE.search(article.text, span.start, span.end)
    at = figure.start() if figure else span.start
    before = article.text[max(sentence.start, at - _NEAR) : at]
    behind = article.text[span.end : min(sentence.end, span.end + _NEAR)]
    return fold(before), fold(behind)


def _is_a_part(asked: str, claim: Claim) -> bool:
    """Tell whether a figure is not the difference, sum, rest or share that is asked for."""
    article, span = claim.places[0]
    before, behind = _sides(article, span)
    words = fold(claim.text)
    if _ASKS_SHARE.search(asked):
        return bool(re.search(r"\d", words)) and not _IS_SHARE.search(words + behind[:4])
    if _ASKS_GAP.search(asked):
        clause = re.split("[，,；;]", before)[-1]
        told = is_change(article.text, span) or _GAP_BEFORE.search(clause.rstrip())
        return not (told or _GAP_AFTER.search(behind) or _GAP_BEFORE.search(words))
    near = before + words + behind
    opposed = asked_opposed(asked)
    if _ASKS_SUM.search(asked) or (opposed and not opposed.sign):
        return not _SUM_NEAR.search(near)
    if _ASKS_REST.search(asked):
        return not _REST_NEAR.search(near)
    return False


def _is_no_option(question: str, claim: Claim) -> bool:
    """Tell whether a question leaves a choice and the answer is none of what it names, nor says
    which way."""
    words = fold(claim.text)
    if _WAYS.search(fold(question)):
        return not _WAY_SAID.search(words)
    if named := _GOOD_OR_BAD.search(question):
        return not (_WAY_SAID.search(words) or _shares(named[0], words))
    choice, said = asked_choice(question), asked_property(question)
    names = choice.names if choice else said.names if said else options(question)
    if not names or _TIME.search(words):  # a time may be named otherwise
        return False
    return not any(_shares(fold(name), words) for name in names)


def _shares(name: str, words: str) -> bool:
    """Tell whether words hold a piece of a name, or a name them."""
    if name.isascii():
        return any(word in words for word in re.findall(r"\w{2,}", name)) or words in name
    return any(name[k : k + 2] in words for k in range(len(name) - 1)) or name in words


def _is_only_how_many(question: str, words: str) -> bool:
    """Tell whether an answer says how many there are, where it is asked which."""
    return asked_kind(question).name == "list" and bool(_COUNT_ONLY.fullmatch(words))
