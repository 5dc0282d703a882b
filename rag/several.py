"""A question that asks several things at once → one answer that holds every part.

    峻驰头一次召回是因为什么，在哪一年？   asks   峻驰头一次召回是因为什么 | 峻驰头一次召回在哪一年
    洵安新馆头一周和老馆去年各多少人？     asks   洵安新馆头一周多少人 | 老馆去年多少人
                                         answer 4.6万人；3.9万人

A reader gives one span. So each part is asked by itself over the same passages, and of the answers
those are taken that go together: of one sentence or article, and counted alike where one word
(各多少) asks for them all. Where a part is not found the answer stays what it was.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import replace

from rag.claims import Claim, Place, sentence_around
from rag.confidence import RANKED_BY, UNCALIBRATED
from rag.kinds import COUNT_ASKED, asked_kind
from rag.lexicon.words import cut
from rag.quantities import dates, quantities
from rag.terms import is_chinese
from rag.types import Article, Span

MOST_PARTS = 4  # more are a list, which the reader finds in one piece
_TRIED = 8  # answers of each part: those after them were right in none of the dev halves
_FAR_BEHIND = 5.0  # `strength`: an answer so much less likely than the best is none of its part
_STRETCH = 40  # characters: a stretch so long that holds all parts is read as one answer
_SURE = 1.0  # `strength` of the weakest part
_CERTAIN = 5.0  # … where the parts are of different kinds and stand apart
_LIKELY, _RATHER = 2.5, 4.0  # … where they stand in one sentence, or near each other
_NEAR = 120  # characters from the first part to the last
_SAME_SENTENCE, _SAME_ARTICLE = 2.5, 1.5  # as much `strength`, for parts told together

_ASKING = (
    rf"多少|第几|{COUNT_ASKED}(?!乎|经|点钟)|哪|谁|什么|甚么|何时|怎么样|为啥|为何|啥"
    "|多[久大长高远重宽](?!的)"
)
_ASKS = re.compile(_ASKING)
_ELLIPSIS = re.compile("^([^，,]{1,8})呢$")
_CLAUSES = re.compile(r"[，,；;？?！!。]\s*")
_PAIR = re.compile(rf"、(?=[^、，,]{{0,6}}(?:{_ASKING}))")
_AND = re.compile("、|以及|和|与|跟|及")
_EACH = re.compile("(?:各自|各|分别)(?=是|有|为|占|拿|要|得|花|用|涨|降|卖|打|多|几|在|哪|什么)")
_LINK = re.compile(
    "(?:是因为|因为|到底|究竟|一共|总共|是在|是|在|有|为|叫|要|了|[排买卖花拿跑打])+$"
)
_LEADS = "在跟和与被由给向从是"  # a clause that begins so goes on with the subject
# the second asks for one of what the first asks for, or says it again: one answer
_SAME_AGAIN = re.compile(
    "^(?:第一|头一|首先|先说|最先|是[^，]*还是|不是|那个|都有|[他她它]?叫[什啥])|[这那]个叫|说的啥|那个$|不用说"
)
_TIME = re.compile(
    "(?:之前|以前|此前|之后|以后|此后|今年|去年|前年|明年|上半年|下半年|夏天|冬天|春天|秋天|白天"
    "|晚上|现在|原来|原定|原先)"
)
_TIME_LAST = re.compile(_TIME.pattern + "$")
_QUESTION_WORDS = "how (?:many|much|long|old|far)|who|when|where|what|which|why"
_ENGLISH = re.compile(rf",? and (?=(?:by )?(?:{_QUESTION_WORDS})\b)", re.IGNORECASE)
_ENGLISH_ASKS = re.compile(rf"(?:(?:by|in|at|from) )?(?:{_QUESTION_WORDS})\b", re.IGNORECASE)
_ENGLISH_TIME = re.compile(
    r" (?:last|this|next) \w+$| (?:in|by) (?:(?:19|20)\d\d|[A-Z]\w+)$| (?:now|today)$"
)
_FACTS = frozenset({"number", "time", "person", "place", "which", "list"})
_KIND = RANKED_BY.index("kind")


def parts_asked(question: str) -> tuple[str, ...]:
    """Return the questions that one question asks at once, each whole; () where it asks for one.

    >>> parts_asked("峻驰头一次召回是因为什么，在哪一年？")
    ('峻驰头一次召回是因为什么', '峻驰头一次召回在哪一年')
    >>> parts_asked("充一辆车，夏天和冬天各要多久？")
    ('充一辆车，夏天要多久', '充一辆车，冬天要多久')
    """
    parts = _chinese(question) if is_chinese(question) else _english(question)
    distinct = tuple(dict.fromkeys(parts))
    if not 2 <= len(distinct) <= MOST_PARTS:
        return ()
    kinds = {asked_kind(part).name for part in distinct}
    return distinct if kinds <= _FACTS or kinds == {"reason", "time"} else ()


def is_one_kind(question: str) -> bool:
    """Tell whether one word asks for all parts: their answers are then counted in one unit."""
    return bool(_EACH.search(question)) or bool(_ELLIPSIS.match(_clauses(question)[-1]))


def _clauses(question: str) -> list[str]:
    return [part for part in _CLAUSES.split(question.strip()) if part.strip()] or [""]


def _chinese(question: str) -> list[str]:
    each = _EACH.search(question)
    if each:
        return _each(question[: each.start()], question[each.end() :])
    clauses = [piece for clause in _clauses(question) for piece in _PAIR.split(clause)]
    asking = [n for n, clause in enumerate(clauses) if _ASKS.search(clause)]
    if not asking:
        return []
    asking += [n for n, c in enumerate(clauses) if _ELLIPSIS.match(c) and n > asking[0]]
    if len(asking) < 2 or any(_SAME_AGAIN.search(clauses[n]) for n in asking[1:]):
        return []
    topic = "，".join(clauses[: asking[0]])
    first = clauses[asking[0]]
    found = [first] + [_completed(clauses[n], first) for n in asking[1:]]
    return [f"{topic}，{part}" if topic else part for part in found]


def _each(before: str, after: str) -> list[str]:
    """Return one question for each of the names before 各."""
    after = "，".join(_clauses(after))
    clauses = _clauses(before)
    for n in reversed(range(len(clauses))):
        names = _names(clauses[n])
        if names:
            topic = [clause for k, clause in enumerate(clauses) if k != n]
            return ["，".join([*topic, name]) + after for name in names]
    return []


def _names(clause: str) -> list[str]:
    if clause.endswith("前后"):
        return [clause[:-2] + "前", clause[:-2] + "后"]
    names = [name for name in _AND.split(clause) if name]
    if len(names) < 2 or any(_ASKS.search(name) for name in names):
        return []
    *others, last = names
    length = len(others[0])
    if len(others) > 1 and len(last) > length and all(len(o) == length for o in others):
        rest = last[length:]  # 青堰、浔丘、霁州|11日
        return [*(other + rest for other in others), last]
    return names


def _completed(clause: str, first: str) -> str:
    """Return a later clause with what it leaves out of the first one that asks."""
    ellipsis = _ELLIPSIS.match(clause)
    asks = _ASKS.search(first)
    if not asks:
        return clause
    before = first[: asks.start()]
    if not ellipsis:
        subject = _TIME_LAST.sub("", _LINK.sub("", before))
        if not subject or clause.startswith(subject):
            return clause
        return f"{subject}{'' if clause[0] in _LEADS else '，'}{clause}"
    told = ellipsis.group(1)
    if _TIME.fullmatch(told) and _TIME.search(first):
        return _TIME.sub(told, first, count=1)
    predicate = cut(re.sub("[^\u4e00-\u9fff]", "", _LINK.sub("", before)))[-1:]
    return told + "".join(predicate) + first[asks.start() :]


def _english(question: str) -> list[str]:
    first, *others = _ENGLISH.split(question.strip().rstrip("?").strip())
    if not others or not _ENGLISH_ASKS.match(first):
        return []
    about = _ENGLISH_TIME.sub("", _ENGLISH_ASKS.sub("", first, count=1).strip())
    return [first, *(f"{about}: {other}" for other in others)] if about else []


def with_all_parts(
    question: str, claims: list[Claim], each: Sequence[Sequence[Claim]]
) -> list[Claim]:
    """Return the claims with one before them that holds every part; the claims themselves where a
    part is missing or the best of them holds all. `each`: the claims of `parts_asked`."""
    if not claims or _holds(claims[0], each):
        return claims
    alike = is_one_kind(question)
    chosen = _best_together([part[:_TRIED] for part in each], alike)
    if not chosen or not _is_sure(chosen, alike):
        return claims
    whole = _whole(chosen)
    return claims if whole.text in claims[0].text else first_of(whole, claims)


def strength(claim: Claim) -> float:
    """Return how likely an answer is, on a scale that no calibration moves: what is put together
    comes of other questions, whose scores are not to be compared with this one's."""
    weights = UNCALIBRATED["ranking"]
    return sum(float(weights[name]) * x for name, x in zip(RANKED_BY, claim.told, strict=True))


def first_of(claim: Claim, claims: list[Claim]) -> list[Claim]:
    """Return the claims with an answer put together before them. It scores no less than the best
    of them: they answer a question that was not asked, and are no rivals of it."""
    return [replace(claim, score=max(claim.score, claims[0].score)), *claims]


def _holds(claim: Claim, each: Sequence[Sequence[Claim]]) -> bool:
    """Tell whether one answer holds an answer to every part, each at a place of its own."""
    left = claim.text
    for part in each:
        likely = [c.text for c in part[:_TRIED] if strength(c) > strength(part[0]) - _FAR_BEHIND]
        said = max((text for text in likely if text in left), key=len, default="")
        shorter = [text for text in likely if text in left and text != left]
        said = said if said != left else max(shorter, key=len, default="")
        if not said:
            return False
        left = left.replace(said, "|", 1)
    return True


def _is_sure(chosen: Sequence[Claim], alike: bool) -> bool:
    """Tell whether the parts are sure enough to be put together: those of different kinds stand
    in one stretch, or are all but certain."""
    weakest = min(strength(claim) for claim in chosen)
    if weakest < _SURE or any(claim.told[_KIND] < 0 for claim in chosen):
        return False
    places = [claim.places[0] for claim in chosen]
    if alike or _stretch(places):
        return True
    if len({article.id for article, _ in places}) > 1:
        return False
    if len({sentence_around(article, span) for article, span in places}) == 1:
        return weakest >= _LIKELY
    apart = max(s.end for _, s in places) - min(s.start for _, s in places)
    return weakest >= (_RATHER if apart <= _NEAR else _CERTAIN)


def together(parts: Sequence[Place]) -> list[tuple[Article, tuple[Span, ...]]]:
    """Return the parts with those of one sentence together: one citation each."""
    found: dict[tuple[str, Span], tuple[Article, tuple[Span, ...]]] = {}
    for article, span in parts:
        key = article.id, sentence_around(article, span)
        found[key] = (article, (*found.get(key, (article, ()))[1], span))
    return list(found.values())


def _best_together(each: Sequence[Sequence[Claim]], alike: bool) -> tuple[Claim, ...]:
    """Return the answers, one a part, that go together best; () where none do."""
    best: tuple[float, tuple[Claim, ...]] = (0.0, ())
    for chosen in itertools.product(*each):
        if _overlap(chosen) or (alike and not _alike(chosen)):
            continue
        score = sum(map(strength, chosen)) + _bond([c.places[0] for c in chosen])
        if not best[1] or score > best[0]:
            best = score, chosen
    return best[1]


def _overlap(chosen: Sequence[Claim]) -> bool:
    """Tell whether two parts are the same words, or stand at one place."""
    for one, other in itertools.combinations(chosen, 2):
        (a, s), (b, t) = one.places[0], other.places[0]
        if one.text in other.text or other.text in one.text or _same_dates(one.text, other.text):
            return True
        if a.id == b.id and s.start < t.end and t.start < s.end:
            return True
    return False


def _same_dates(one: str, other: str) -> bool:
    """Tell whether two answers name the same date: 2024年1月1日起施行, 自2024年1月1日起."""
    said = [d[1:4] for d in dates(one)]
    return bool(said) and said == [d[1:4] for d in dates(other)]


def _alike(chosen: Sequence[Claim]) -> bool:
    """Tell whether the parts hold one quantity each, of one unit, or none has one."""
    units = {tuple(sorted({q.unit for q in quantities(claim.text)})) for claim in chosen}
    return len(units) == 1


def _bond(places: Sequence[Place]) -> float:
    if len({article.id for article, _ in places}) > 1:
        return 0.0
    sentences = {sentence_around(article, span) for article, span in places}
    return _SAME_ARTICLE if len(sentences) > 1 else _SAME_SENTENCE


def _whole(chosen: Sequence[Claim]) -> Claim:
    """Return one claim of several: as sure as the weakest of them."""
    weakest = min(chosen, key=strength)
    text, parts = whole_text(tuple(claim.places[0] for claim in chosen))
    places = parts if len(parts) == 1 else weakest.places[:1]
    return replace(weakest, text=text, places=places, parts=parts, rule="parts")


def whole_text(parts: tuple[Place, ...]) -> tuple[str, tuple[Place, ...]]:
    """Return the words of all parts, and where they stand: one stretch where a short one holds
    them all."""
    stretch = _stretch(parts)
    if stretch:
        parts = (stretch,)
    said = [article.text[span.start : span.end] for article, span in parts]
    return ("；" if is_chinese("".join(said)) else "; ").join(said), parts


def _stretch(places: Sequence[Place]) -> Place | None:
    """Return the stretch from the first part to the last, where it is short and of one piece."""
    article = places[0][0]
    if any(other.id != article.id for other, _ in places):
        return None
    span = Span(min(s.start for _, s in places), max(s.end for _, s in places))
    words = article.text[span.start : span.end]
    if len(words) > _STRETCH or re.search("[。！？!?\n]|\\. ", words):
        return None
    return article, span
