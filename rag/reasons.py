"""The words that give a reason: how to cut them, and how well they fit a question that asks why.

    为什么推迟?   雨带北移，演习因此推迟一天。     雨带北移: what leads to it, not what repeats it
    为什么低一些?  主要不是家长反对，而是寄宿生多    而是寄宿生多: what is denied is no reason

A reason need not say "because": what stands beside the words tells as much.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.borders import clause
from rag.terms import subject_terms, terms
from rag.types import Span

_CAUSE = (
    "因为|由于|因(?!此|而|素)|为了|以(?:便|求|期|确保|保[证障]|满足|避免|防|减[少轻]|降低|提[高升]|最大)"
    "|用以|以使|旨在|意在|以免|免得|怕|担心|生怕|得益于|源于|出于|鉴于|考虑到|归功于|受(?!到|伤|访|邀)"
)
_ENGLISH_CAUSE = (
    r"because|due to(?! (?:open|start|be|begin|close|end|arrive|finish)\b)|owing to|thanks to"
    r"|in order to|so that|so as to|for fear|citing|amid"
)
_OPENS = re.compile(  # a clause that opens as a reason does
    f"\\W*(?:(?:这|其?实|也|就|正|都|仅仅|可能|主要|只)*是?)?(?:{_CAUSE})|\\W*原来(?!的)"
    r"|\W*(?:(?:it|this|that) (?:is|was) )?(?:mainly |mostly |partly |simply |just )?"
    rf"(?:{_ENGLISH_CAUSE}|since|following|after|as)\b",
    re.IGNORECASE,
)
_ANNOUNCED = re.compile(  # what stands before says that a reason follows
    "(?:(?:原因|理由)(?:有|是|在于|为|：)?|因为|由于|因|在于|缘于|为了|受|主要是|解释(?:说|道|称)?[：，]?“?)$"
    r"|(?:because(?: of)?|due to|owing to|thanks to|blam\w+|caused by|attributed to|citing"
    r"|reasons? (?:is|was|for \w+)|explain\w*|driven by)\W*$",
    re.IGNORECASE,
)
_NOT_BUT = re.compile("(?:不是|并非|而非|不在于)[^。！？\\n]{1,40}，$")  # a reason is set right
_TOLD_INSIDE = re.compile("(?:原因|理由|目的)[^，。是为]{0,4}(?:是|在于|为)(?!什么|何|啥)")
# an article that asks so itself answers right away: 没人认出来？邰晚成说，
_ASKED_BEFORE = re.compile(
    "(?:为什么|为何|为啥|缘何|怎么)[^。！？\\n]{1,30}？(?:[^。！？\\n]{0,24}[，：])?“?$"
)
_SAYS = re.compile(  # words for a cause, a fear or a want inside it
    f"{_CAUSE}|原因|理由|为由|所致|避免|防止|影响|在于|缺乏|缺少|不足|没有|未|不能|无法"
    rf"|\b(?:{_ENGLISH_CAUSE}|blam\w+|lack of|not enough)\b",
    re.IGNORECASE,
)
_LEADS_TO = re.compile(  # what goes on says what came of it, its subject perhaps first
    "[，,。”\\s]{0,3}(?:[^，。！？\\n]{0,6}?(?:所以|因此|因而|于是|导致|致使|造成|引发|从而|不得不|只好|这才)"
    "|使得?|令|让(?!我们)|才|故|这也是|便|就)"
    r"|[”\"]?[,.;]? (?:so\b|therefore|thus|leading|causing|making|which (?:led|caused|made|means))",
    re.IGNORECASE,
)
_GOES_ON = re.compile("，(?=又|且|并且|而且|加上|加之|再加上|再加之|本人又|同时又|也)|, (?=and )")
_DENIED = re.compile("(?:不是|并非|而非)[^。！？\\n]{1,40}?，(?=而是)")
_SENTENCE_END = re.compile("[。！？!?][”」』’\"]?|\\.[”\"]? (?=[A-Z“\"])")
_BEFORE = 60  # characters before a clause that may announce it
_EDGE = " \n，。；：、,;"
_TURNS = re.compile(  # English says the reason last, in the same clause
    rf"(?<=\w )(?:{_ENGLISH_CAUSE})\b|\bblam(?:ed|es|ing) |\battributed (?:it |this )?to ",
    re.IGNORECASE,
)
_STRAY = re.compile("^[”」』’）)】]+|[“「『‘（(【]+$")
_SHORTEST = 4  # characters: a name or a number is no reason
_REACH = 60  # characters before its sentence in which a reason's subject may be named
_REPEATS = 0.4  # of the question's terms: a clause with more says what happened, not why
_NOT_READ = 3.0  # log-odds by which a clause beside the one that was read is less sure


def proposed(question: str, text: str, span: Span, within: Span) -> Iterator[tuple[Span, float]]:
    """Yield whole clauses that may be the reason, and by how much the reader is less sure of each.

    A reader often takes the clause that says the question again: then those beside it count too.

    >>> text = "主要不是家长反对，而是路太远。"
    >>> [(text[s.start : s.end], less) for s, less in proposed("", text, Span(2, 14), Span(0, 15))]
    [('而是路太远', 0.0)]
    """
    found = list(_cuts(text, span))
    yield from ((cut, 0.0) for cut in found)
    wanted = subject_terms(question)
    for cut in found:
        if len(wanted & set(terms(text[cut.start : cut.end]))) < _REPEATS * max(1, len(wanted)):
            continue
        for near in _beside(text, cut):
            if within.start <= near.start and near.end <= within.end:
                yield from ((other, _NOT_READ) for other in _cuts(text, near))


def surroundings(text: str, sentence: Span) -> str:
    """Return the text in which a reason and what it is the reason of should both be named."""
    line = text.rfind("\n", 0, sentence.start) + 1
    return text[max(line, sentence.start - _REACH) : sentence.end]


def reason_fit(text: str, span: Span, related: float, shared: float) -> float:
    """Return how well a clause fits as the reason, -2 to 4.

    `related`: the share of the question that stands round about; `shared`: that of the clause that
    is the question again, which tells what happened, not why. Signs of a reason count where the
    question is what they are about. Weighed on 290 questions (2026-11-22).
    """
    words = text[span.start : span.end]
    line = text.rfind("\n", 0, span.start) + 1
    before = text[max(line, span.start - _BEFORE) : span.start].rstrip()
    signs = (
        bool(_OPENS.match(words) or _ANNOUNCED.search(before))
        + 2 * bool(_NOT_BUT.search(before) or _ASKED_BEFORE.search(before))
        + bool(_TOLD_INSIDE.search(words))
        + bool(_SAYS.search(words))
        + bool(_LEADS_TO.match(text, span.end))
    )
    asks = text[span.end : span.end + 1] in ("？", "?") or words.endswith(("？", "?"))
    short = len(words) < _SHORTEST
    return related * (1.8 * min(signs, 2) + 0.8) - 1.7 * shared - 0.7 * asks - short


def _cuts(text: str, span: Span) -> Iterator[Span]:
    """Yield the whole clauses of a span, those of each sentence apart."""
    whole = clause(text, span)
    start = whole.start
    for end in [*(m.end() for m in _SENTENCE_END.finditer(text, *whole)), whole.end]:
        if start < min(span.end, end) and end > span.start:
            yield from _cut(text, Span(start, end))
        start = end
    if turn := _TURNS.search(text, *whole):
        start = turn.end() if turn[0].endswith(" ") else turn.start()
        yield from _cut(text, Span(start, whole.end))


def _cut(text: str, span: Span) -> Iterator[Span]:
    """Yield the clause without what it denies, with what goes on, without stray brackets."""
    if denied := _DENIED.search(text, *span):
        span = Span(denied.end(), span.end)
    elif _GOES_ON.match(text, span.end):
        span = Span(span.start, clause(text, Span(span.end + 1, span.end + 2)).end)
    words = text[span.start : span.end]
    inner = _STRAY.sub("", words.strip(_EDGE)).strip(_EDGE)
    if inner:
        at = span.start + words.index(inner)
        yield Span(at, at + len(inner))


def _beside(text: str, span: Span) -> Iterator[Span]:
    """Yield the clauses right before and after a span, in its paragraph."""
    line = text.rfind("\n", 0, span.start)
    last = text.find("\n", span.end)
    before = _letter(text, span.start - 1, line, -1)
    after = _letter(text, span.end, last if last >= 0 else len(text), 1)
    if before is not None:
        yield Span(clause(text, Span(before, before + 1)).start, before + 1)
    if after is not None:
        yield Span(after, clause(text, Span(after, after + 1)).end)


def _letter(text: str, at: int, stop: int, step: int) -> int | None:
    return next((n for n in range(at, stop, step) if text[n].isalnum()), None)
