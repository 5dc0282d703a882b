"""A follow-up and its history → a question that stands alone; a question that already does is left
as it is.

松延动力7月交付多少台? → 105台
8月的目标呢?           → 松延动力 8月的目标呢?
"""

from __future__ import annotations

import re

from rag.types import History

_LEANS = re.compile(
    r"^(?:那|那么|他|她|它|这|其|此|该|还有|另外|然后|再|又|and |what about|how about|then )"
    r"|呢[?？]?$"
    r"|[他她它](?:们|是|的|在|说|有)|这(?:家|个|项|次|款|些|种|里)|那(?:家|个|项|次|款|些|种|里|边)"
    r"|\b(?:he|she|it|they|his|her|its|their|them|that|those|there)\b",
    re.IGNORECASE,
)
_SHORT = 6  # characters: "目标多少？" names no subject
_ASKS = re.compile(
    r"什么时候|多长时间|为什么|多少|什么|怎么样|怎样|怎么|如何|哪些|哪里|哪儿|哪个|哪位|哪家|哪一?[年月天]|几[月号]|谁|何时|何地|是不是|有没有|吗|呢|了|[?？。，,]"
)
_MONTH = re.compile(r"(?:19|20)\d\d年|\d{1,2}月(?:\d{1,2}日)?|今年|去年|明年|上半年|下半年")
_LATIN_ASKS = re.compile(
    r"\b(?:who|what|when|where|which|how|many|much|why|did|does|do|is|are|was|were|the|a|an|in|of)\b|[?？]",
    re.I,
)


def standalone(question: str, history: History) -> str:
    """Return the question with the subject of the turn before it, if it leans on that turn."""
    if not history or not leans(question):
        return question
    before = standalone(history[-1][0], history[:-1])
    subject = _subject(before, question)
    return f"{subject} {question}" if subject else question


def leans(question: str) -> bool:
    """Tell whether a question needs the turns before it: a pronoun, "…呢?", or too short to name a
    subject."""
    text = question.strip()
    return bool(_LEANS.search(text)) or len(re.sub(r"\W", "", text)) < _SHORT


def _subject(before: str, question: str) -> str:
    """Return what the earlier question was about: its words without those that ask, and without
    dates the new one gives."""
    pattern = _ASKS if re.search("[\u4e00-\u9fff]", before) else _LATIN_ASKS
    subject = pattern.sub(" ", before)
    if _MONTH.search(question):
        subject = _MONTH.sub(" ", subject)
    return re.sub(r"\s+", " ", subject).strip()
