"""A year and an age, or an anniversary → the year of birth, or of founding.

"died in 1979, aged 74"             born in what year?  → 1904 or 1905
"2024年是建校60周年"                哪年建校?           → 1964年
"""

from __future__ import annotations

import re

from rag.quantities import han_value
from rag.reckoned.scene import Scene, Sum
from rag.types import Span

_BORN = re.compile(r"哪一?年(?:出生|生)|(?:出生|生)(?:于|在)?哪一?年|\bborn\b|year of birth")
_DIED = re.compile(
    r"(?P<year>(?<!\d)(?:19|20)\d\d)(?!\d)年?[^。；\n]{0,24}?"
    r"(?:享年|终年|年仅|时年|享寿|\baged|\bat the age of|\bat age)\s?(?P<age>\d{1,3})(?!\d)"
)
_DEATH = re.compile(r"去世|逝世|病逝|辞世|离世|病故|过世|享年|终年|\bdied\b|\bdeath\b|passed away")
_FOUNDED = re.compile(
    r"(?:哪一?年|何时|什么时候)[^，]{0,4}?(?:成立|创办|创立|创建|始建|创刊|开业|建校|建馆|建院|建厂|建成|开馆|设立)"
    r"|(?:成立|创办|创立|创建|始建|创刊|开业|建校|建馆|建院|建厂|建成|开馆|设立)(?:于|在|的)?(?:哪一?年|何时|什么时候)"
    r"|\b(?:founded|established|set up)\b"
)
_ANNIVERSARY = re.compile(
    r"(?P<year>(?<!\d)(?:19|20)\d\d)年(?!底|初|末)[^。；，\n]{0,16}?"
    r"(?:成立|创办|创立|创建|创刊|开业|建校|建馆|建院|建厂|建成|开馆|设立|诞生)(?P<age>\d{1,3}|[一二三四五六七八九十百]{1,5})周年"
)
_OLDEST = 115  # years: an age beyond is another number


def year_begun(scene: Scene) -> Sum | None:
    """Return the year of birth, one of two, or of founding that a question asks for; None where no
    age or anniversary is told together with its year."""
    words = scene.text[scene.sentence.start : scene.sentence.end]
    is_birth = bool(_BORN.search(scene.asked.text)) and not _BORN.search(words)
    is_birth = is_birth and bool(_DEATH.search(words)) and "出生" not in words
    pattern = _DIED if is_birth else _ANNIVERSARY if _FOUNDED.search(scene.asked.text) else None
    found = list(pattern.finditer(words)) if pattern else []
    if len(found) != 1:
        return None
    year, age = int(found[0]["year"]), found[0]["age"]
    years = int(age) if age.isdigit() else han_value(age)
    if not years or (is_birth and years > _OLDEST):
        return None
    begun = year - years
    chinese = "年" if "\u4e00" <= words[0] <= "\u9fff" or "年" in words else ""
    said = f"{begun}{chinese}"
    if is_birth:
        said = f"{begun - 1}年或{begun}年" if chinese else f"{begun - 1} or {begun}"
    at = scene.sentence.start
    places = [Span(at + a, at + b) for a, b in (found[0].span("year"), found[0].span("age"))]
    return Sum(said, tuple(places), f"{year} − {age}")
