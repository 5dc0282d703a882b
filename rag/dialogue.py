"""A follow-up and its history → a question that stands alone; a question that already does is left
as it is.

松延动力7月交付多少台? → 105台
8月的目标呢?           → 松延动力 8月的目标呢?
"""

from __future__ import annotations

import re

from rag.terms import fold
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


_POLITE = (
    "你好|您好|大家好|早上好|下午好|晚上好|打扰(?:一下|了)?|不好意思|劳驾|麻烦(?:问|您|你)?(?:一下|下)?|拜托(?:了)?"
    "|请(?:教|问)?(?:一下|下)|请问|请教|(?:我想|想|我要)(?:请)?(?:问|了解|知道|咨询)(?:一下|下)?"
    "|(?:请)?(?:能(?:不能|否)?|可(?:不可)?以|可否|方便)?(?:请)?(?:您|你)?(?:告诉|帮)我(?:查|看|找|说)?(?:一下|下)?"
    "|hi|hello|hey|good (?:morning|afternoon|evening)|excuse me|sorry to bother you|please"
    "|(?:could|can|would) you (?:please |kindly )?tell me|i(?: would|'d) like to (?:know|ask)"
    "|i want to know|do you (?:happen to )?know"
)
_THANKS = (
    "(?:非常|十分|太|先)?(?:谢谢|多谢|感谢|谢了)(?:您|你|大家|啦|了)*|辛苦(?:您|你)?(?:了|啦)|拜托(?:您|你)?了?|麻烦(?:您|你)?了"
    "|(?:many )?thanks(?: a lot| so much)?|thank you(?: very much| so much)?|please|cheers"
)
_BEFORE = re.compile(f"(?:(?:{_POLITE})(?![a-z])[\\s,，、。.!！~～:：]*)+")
_AFTER = re.compile(f"(?:[\\s,，、。.!！?？~～]*(?<![a-z])(?:{_THANKS})[\\s,，、。.!！~～]*)+$")


def plain(question: str) -> str:
    """Return the question without greetings before it and thanks after it.

    >>> plain("您好，请问一下松延动力7月交付多少台？谢谢您！")
    '松延动力7月交付多少台'
    >>> plain("Could you please tell me who founded it? Thanks!"), plain("谢谢")
    ('who founded it', '谢谢')
    """
    folded = fold(question)  # every character keeps its place
    start = found.end() if (found := _BEFORE.match(folded)) else 0
    end = found.start() if (found := _AFTER.search(folded, start)) else len(question)
    kept = question[start:end].strip()
    return kept if any(character.isalnum() for character in kept) else question
