"""What speaks for two lines of a page being of one story: words and names they share, what they are
about, how they begin and end, how they are set and how extraction left them.

Everything is an array over the lines of one page; `GAP_FEATURES` names the columns that stand for a
gap between two lines of text.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from embeddings import Embedder, load
from rag.articles.kinds import is_of_midst
from rag.articles.lines import Head, Line
from rag.articles.trees import in_context, trees
from rag.repair.table import weights as break_weights
from rag.terms import terms

Floats = npt.NDArray[np.float64]

_WINDOW = 3  # body lines either side of a gap whose words are compared

GAP_FEATURES = (
    "bias",
    "words",  # shared by the windows either side, cosine by rarity
    "words of neighbours",
    "words against others",  # log against the mean of all gaps
    "meaning",  # of the windows either side, cosine
    "meaning against others",  # … less the page's mean
    "meaning of neighbours",
    "same meaning",  # … less the mean over all pairs of lines
    "dateline",
    "end mark",
    "closes",  # the second is hardly more than an end mark
    "credit",  # a reporter's name in brackets at the end
    "unfinished",
    "unfinished, goes on",  # and the second begins in the middle of a sentence
    "fragment",  # the second begins so, the first is finished
    "same width",
    "other width",
    "how much wider",
    "one line",  # widths unknown
    "heading between",
    "heads between",
    "byline between",
    "aside between",
    "goes on",  # the second begins as a story hardly does: 他, 此外, 据介绍
    "opens",  # … as one often does: 昨日, 8月16日, a place's name and 市
    "short before",
    "short after",
    "other script",
    "quoted",
    "signature",
    "numbered",
    "other traces",  # of extraction: kinds of blanks, line ends, digits
    "unlike traces",  # … how much they differ in sum
    "wide gap",  # more blank lines than usual
    "narrow gap",
    "other indent",
    "joined",  # repair takes the second for more of the first's paragraph
    "few lines",  # on the page: stories are short
    "collected",  # the headline above names a column of short news: what follows is of one story
    "trees",  # what trees make of all that, and of the gaps around
)

GOES_ON = re.compile(
    "他|她|它|这|那|此|其|该|但|而|不过|然而|同时|另|另外|并|也|还|对此|对于|据介绍|据悉|据了解|目前|如今|今后|下一步|接下来"
    "|与此|为此|因此|所以|一是|二是|三是|四是|首先|其次|再次|最后|问：|答：|“|当天|当时|随后|之后|后来|有的|有人|事实上|谈及|谈到|在他|在此"
    '|He |She |They |It |But |And |The |This |That |These |His |Her |"|“|However|Mr |Ms |Dr |In addition'  # noqa: E501
)
OPENS = re.compile(
    "(?:昨|今|近|日前|前|本报|新华社|记者|当地时间|.{0,12}(?:\\d{1,2}月\\d{1,2}日|\\d{1,2}日|昨日|昨天|日前|近日|今天|今年|公布|发布|宣布|通报))"
    "|.{0,60}(?:on (?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|announced|published|said on)"
)
_NUMBERED = re.compile(
    "[一二三四五六七八九十\\d]+[、.是]|（[一二三四五六七八九十]）|第[一二三四]"
)
ONLY_MARK = re.compile("[^（(]{0,8}[（(][^（()）]*[)）]|[^（()）]{0,30}")
CREDIT = re.compile("[（(][^（）()]{0,12}(?:记者|通讯员|编辑|医生|作者)[^（）()]{2,40}[)）]$")
SUREST = 6.0  # log-odds beyond which trees say no more


@cache
def _embedder() -> Embedder:
    return load()


_COMMON, _LATIN = 0.4, 0.5  # what a pair that news is full of counts for, and a Latin word


def _rarity(found: Sequence[str]) -> Floats:
    """Return what each term counts for: pairs of characters that news is full of tell little."""
    out = np.ones(len(found))
    pairs = np.array([(k, ord(t[0]), ord(t[1])) for k, t in enumerate(found) if len(t) == 2])
    if len(pairs):
        place, one, two = pairs.T
        key = ((np.minimum(one, 0xFFFF) << 16) | np.minimum(two, 0xFFFF)).astype(np.uint32)
        known = break_weights().pairs
        at = np.minimum(np.searchsorted(known, key), len(known) - 1)
        out[place] = np.where(one < 0x80, _LATIN, np.where(known[at] == key, _COMMON, 1.0))
    return out


class Words:
    """Pairs of characters and words of each line, weighted by rarity on the page and in news."""

    def __init__(self, lines: Sequence[Line]) -> None:
        counts = [Counter(t for t in terms(line.text) if len(t) > 1) for line in lines]
        spread: Counter[str] = Counter()
        for one in counts:
            spread.update(one.keys())
        number = {t: k for k, t in enumerate(spread)}
        many = np.fromiter(spread.values(), np.int64, len(spread))
        weight = np.log((len(lines) + 1) / many) * _rarity(list(spread))
        column = np.cumsum(many > 1) - 1  # of terms that several lines have
        self.rows = np.zeros((len(lines), int((many > 1).sum())), np.float32)
        self.norms = np.zeros(len(lines))
        for i, one in enumerate(counts):
            held = np.fromiter((number[t] for t in one), np.int64, len(one))
            worth = weight[held] * (1 + np.log(np.fromiter(one.values(), np.float64, len(one))))
            self.norms[i] = worth @ worth
            shared = many[held] > 1
            self.rows[i, column[held[shared]]] = worth[shared]

    def of(self, chosen: Sequence[Sequence[int]]) -> Floats:
        """Return unit vectors of groups of lines, (groups, terms that several lines have)."""
        if not self.rows.shape[1]:
            return np.zeros((len(chosen), 1))
        sums = np.array([self.rows[list(lines)].sum(axis=0) for lines in chosen], np.float64)
        norms = np.array([math.sqrt(self.norms[list(lines)].sum()) for lines in chosen])
        held = np.maximum(np.linalg.norm(sums, axis=1), norms)
        return np.asarray(sums / np.maximum(held, 1e-9)[:, None])


def words_shared(some: Sequence[Line], others: Sequence[Line]) -> int:
    """Return how many different pairs of characters and words two groups of lines share."""
    one, other = ({t for line in lines for t in terms(line.text)} for lines in (some, others))
    return sum(len(t) > 1 for t in one & other)


class Meanings:
    """What lines are about, against what the page is about: vectors of the bundled embedder with
    the page's mean taken away. On the pages we wrote they tell whether two paragraphs are of one
    story with an area under the curve of 0.84, where pairs of characters reach 0.69."""

    def __init__(self, lines: Sequence[Line], body: Sequence[int]) -> None:
        self.vectors = _embedder().encode_passages([line.text for line in lines]).astype(np.float64)
        self.sizes = np.array([min(len(line.text), _LONG) for line in lines], np.float64)
        chosen = list(body) or list(range(len(lines)))
        self.mean = self.vectors[chosen].mean(axis=0)

    def of(self, chosen: Sequence[Sequence[int]]) -> Floats:
        """Return unit vectors of groups of lines, (groups, d)."""
        out = np.zeros((len(chosen), self.vectors.shape[1]))
        for k, lines in enumerate(chosen):
            rows = list(lines)
            size = self.sizes[rows]
            out[k] = size @ self.vectors[rows] / (size.sum() or 1.0) - self.mean
        norms = np.linalg.norm(out, axis=1, keepdims=True)
        return np.asarray(out / np.where(norms > 0, norms, 1.0))


_LONG = 200  # characters from which a paragraph tells no more of a story than another


_TRACES = (
    # one way to print a thing, and the other: the share of the first is a trace
    (re.compile("\r\n"), re.compile("(?<!\r)\n")),
    (re.compile("\\S \r?\n"), re.compile("\\S\r?\n")),
    (re.compile("[\u4e00-\u9fff]\\s(?=[0-9A-Za-z])|[0-9A-Za-z%]\\s(?=[\u4e00-\u9fff])"),
     re.compile("[\u4e00-\u9fff](?=[0-9A-Za-z])|[0-9A-Za-z%](?=[\u4e00-\u9fff])")),
    (re.compile(" [，。；：]|[，。；：] (?!\\s)"), re.compile("[^ ][，。；：](?! )")),
    (re.compile("[０-９]"), re.compile("[0-9]")),
)


def traces(raw: str) -> tuple[float, ...]:
    """Return how print and extraction left a line, each trace from 0 to 1, NaN where nothing
    shows it: Windows line ends, blanks at line ends, beside Latin, beside signs; wide digits."""
    out = []
    for one, other in _TRACES:
        a, b = len(one.findall(raw)), len(other.findall(raw))
        out.append(a / (a + b) if a + b else math.nan)
    return tuple(out)


_COLUMN = re.compile(
    "(?:短讯|简讯|快讯|快报|简报|速报|动态|短波|速览|速递|一览|要闻|集锦|拾零|集萃|消息|新闻|资讯|播报|传真|扫描|短新闻|看点"
    "|预告|提示|提醒|信息|公告|启事|备忘|便民|天气|问答|来信|信箱|数字|语录|声音|观点|链接"
    "|[Ii]n brief|[Bb]riefs|[Rr]oundup)"
    "(?:[（(]?[一二三四五六七八九十\\d]+[)）]?)?"
)
_LONGEST_COLUMN = 10  # characters of its name, as 转会窗动态, 未来三天天气: headlines are longer


def names_column(title: str) -> bool:
    """Tell whether a headline names a column of short pieces, as 短讯 or 转会窗动态."""
    longest = _LONGEST_COLUMN * (1 + title.isascii())
    found = [m.end() for m in _COLUMN.finditer(title)]
    return len(title) <= longest and bool(found) and found[-1] == len(title)


def is_fragment(line: Line) -> bool:
    """Tell whether a line begins in the middle of a sentence, by its first character."""
    return is_of_midst(line.text[0])


def is_unfinished(line: Line) -> bool:
    return not line.ended and line.text[-1] not in "：:"


def _usual_gap(lines: Sequence[Line]) -> int | None:
    """Return how many newlines mostly part paragraphs, None where none follows another."""
    gaps = Counter(
        after.above
        for before, after in pairwise(lines)
        if before.kind == after.kind == "body" and not after.joined
    )
    return gaps.most_common(1)[0][0] if gaps else None


class Page:
    """The lines of a page, its heads, and the evidence at each gap between body lines."""

    def __init__(self, lines: Sequence[Line], heads: Sequence[Head]) -> None:
        self.lines = lines
        self.heads = list(heads)
        self.body = [i for i, line in enumerate(lines) if line.kind == "body"]
        self.words = Words(lines)
        self.meanings = Meanings(lines, self.body)
        self.traces = np.array([traces(line.printed) for line in lines]).reshape(len(lines), -1)
        self.usual_gap = _usual_gap(lines)
        self.gaps = self._gap_features() if len(self.body) > 1 else np.zeros((0, len(GAP_FEATURES)))

    def _gap_features(self) -> Floats:
        body = self.body
        n = len(body)
        before = [body[max(0, k + 1 - _WINDOW) : k + 1] for k in range(n - 1)]
        after = [body[k + 1 : k + 1 + _WINDOW] for k in range(n - 1)]
        single = [[i] for i in body]
        one, many = self.words.of(single), (self.words.of(before), self.words.of(after))
        near, wide = (one[:-1] * one[1:]).sum(axis=1), (many[0] * many[1]).sum(axis=1)
        about = self.meanings.of(single)
        pairs = about @ about.T
        usual = (pairs.sum() - n) / (n * (n - 1))
        alike = (about[:-1] * about[1:]).sum(axis=1)
        drift = (self.meanings.of(before) * self.meanings.of(after)).sum(axis=1)
        against = np.clip(np.log((wide + 0.01) / (wide.mean() + 0.01)), -2, 2)
        columns = {
            "bias": np.ones(n - 1),
            "words": np.minimum(1, 4 * wide),
            "words of neighbours": np.minimum(1, 4 * near),
            "words against others": against,
            "meaning": drift,
            "meaning against others": drift - drift.mean(),
            "meaning of neighbours": alike,
            "same meaning": alike - usual,
            "few lines": np.full(n - 1, min(1.0, 6 / n)),
            "collected": self._collected(),
        }
        columns |= self._apart()
        rows = [self._row(k) for k in range(n - 1)]
        columns |= {name: np.array([row[name] for row in rows], np.float64) for name in rows[0]}
        seen = {name: columns[name] for name in GAP_FEATURES[:-1]}
        self.context = in_context(seen)
        told = np.clip(trees().score(self.context), -SUREST, SUREST)
        return np.stack([*seen.values(), told], axis=1)

    def _collected(self) -> Floats:
        """Tell of each gap whether the last headline above names a column of short news."""
        seen, out = 0.0, []
        for i, line in enumerate(self.lines[: self.body[-1]]):
            if line.kind == "head":
                if i and self.lines[i - 1].kind != "head":
                    seen = 0.0
                seen = max(seen, float(names_column(line.text)))
            elif line.kind == "body":
                out.append(seen)
        return np.array(out)

    def _apart(self) -> dict[str, Floats]:
        """Return how the lines either side of each gap differ in print."""
        body = [self.lines[i] for i in self.body]
        traces = self.traces[self.body]
        unlike = np.abs(np.diff(traces, axis=0))
        unlike[np.isnan(unlike)] = 0.0
        blank = np.array([line.above for line in body[1:]], np.float64)
        close = np.array([b == a + 1 for a, b in zip(self.body, self.body[1:], strict=False)])
        usual = np.median(blank[close]) if close.any() else 1.0
        indents = np.array([line.indent for line in body], np.float64)
        return {
            "other traces": unlike.max(axis=1),
            "unlike traces": np.minimum(unlike.sum(axis=1), 3.0),
            "wide gap": ((blank > usual) & close).astype(np.float64),
            "narrow gap": ((blank < usual) & close).astype(np.float64),
            "other indent": (np.diff(indents) != 0).astype(np.float64),
        }

    def _row(self, k: int) -> dict[str, float]:
        first, second = self.lines[self.body[k]], self.lines[self.body[k + 1]]
        between = range(self.body[k] + 1, self.body[k + 1])
        kinds = {self.lines[i].kind for i in between}
        titles = sum(self.lines[i].kind == "head" for i in between)
        widths = first.width > 0 and second.width > 0
        alike = widths and abs(first.width - second.width) <= 1.5
        goes_on, opens = bool(GOES_ON.match(second.text)), bool(OPENS.match(second.text))
        unfinished, fragment = is_unfinished(first), is_fragment(second)
        return {
            "dateline": second.dateline,
            "end mark": first.end_mark,
            "closes": second.end_mark and bool(ONLY_MARK.fullmatch(second.text)),
            "credit": not first.end_mark and bool(CREDIT.search(first.text)),
            "unfinished": unfinished and not fragment,
            "unfinished, goes on": unfinished and fragment,
            "fragment": fragment and not unfinished,
            "same width": alike,
            "other width": widths and not alike,
            "how much wider": min(1.0, abs(first.width - second.width) / 20) if widths else 0.0,
            "one line": not widths,
            "heading between": titles == 1 and "byline" not in kinds,
            "heads between": titles > 1 and "byline" not in kinds,
            "byline between": "byline" in kinds,
            "aside between": bool(kinds & {"caption", "furniture"}),
            "goes on": goes_on,
            "opens": opens and not goes_on,
            "short before": len(first.text) < 40,
            "short after": len(second.text) < 40,
            "other script": first.text[:40].isascii() != second.text[:40].isascii(),
            "quoted": second.text[0] in '“"‘',
            "signature": first.signature,
            "joined": second.joined,
            "numbered": bool(_NUMBERED.match(second.text)),
        }
