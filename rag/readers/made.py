"""Questions made from sentences: Chinese keeps the asking word where the answer stands.

    松延动力7月交付人形机器人105台  →  松延动力7月交付人形机器人多少台？   105台

A number, date, name, place, organisation, title or enumeration gives way to its asking word, or two
of them to two; words are dropped, exchanged or moved, and half of the questions are put as people
speak (rag.readers.spoken). Some sentences give who-said-it, what-did-they-say, who-is-this, why,
what-is-it and whether. In one row of seven the sentence is taken out of the passage, in one of six
the question is made to ask for something else (rag.readers.near): the answer is not here.
"""

from __future__ import annotations

import importlib
import json
import lzma
import random
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from rag.kinds import FAMILY_NAMES
from rag.readers.near import NearMisses
from rag.readers.spoken import Word, Wording, topics

MOST = 150_000  # questions; the reader sees each about once
PER_TEXT = 3
UNANSWERABLE = 0.14  # the sentence is taken out
NEAR_MISS = 0.18  # the question asks for something else
SPOKEN = 0.55  # put as people speak
TOPIC = 0.5  # of these, say what the text is about
TWO = 0.12  # ask for two things that stand together
WORKERS = 2

_UNITS = (
    "台|人次|人|名|家|个百分点|个月|个小时|个|项|款|件|辆|架|艘|座|所|套|只|头|株|场|次|年|天|小时|分钟|公里|千米|米|平方公里|"
    "平方米|公顷|亩|吨|公斤|亿元|万元|元|亿美元|万美元|美元|%|岁|种|条|部|位|户|例|支|期|届|份|倍|度|层|周|枚|颗|类|门|册"
)
_NUMBER = re.compile(
    r"(?<![\d.,第])((?:超过|超|近|约|逾|不少于|不低于|至少|大约|将近)?\d[\d.,]*(?:万|亿|千|百|万亿)?(?:多|余)?)"
    f"({_UNITS})(?:左右|以上|以内)?"
)
_DATE = re.compile(
    r"(?:(?:19|20)\d\d年|今年|去年|明年)?\d{1,2}月(?:\d{1,2}日)?(?:至\d{1,2}日)?(?:晚|上午|下午|凌晨|底|初)?"
    r"|(?:19|20)\d\d年(?:底|初|上半年|下半年)?|\d{1,2}日(?:晚|上午|下午)?|(?:今年|去年|明年)(?:底|初|上半年|下半年)?"
)
_WORK = re.compile(r"《[^》]{2,20}》")
_QUOTED = re.compile(r"“([^”]{2,12})”")
_LIST = re.compile(
    r"(?:[^，。、；：“”（）\s]{2,9}、)+[^，。、；：“”（）\s]{2,9}?(?:(?:和|以及)[^，。、；：“”（）\s]{2,9}?)?(?=等|$|，|。|；)"
)
_SAID = re.compile(
    r"^([^，。：“”]{2,30}?)(?:说|表示|认为|指出|介绍|称|坦言|强调|透露)[，：:](.{8,})"
)
_CAUSES = [
    re.compile(
        r"(?:由于|因为|得益于|受|鉴于|因)(?P<why>[^，。；]{4,40})，(?P<what>[^，。；]{5,40})"
    ),
    re.compile(r"为了?(?P<why>[^，。；]{4,30})，(?P<what>[^，。；]{5,40})"),
    re.compile(
        r"(?P<what>[^，。；：“”]{4,30})，?(?:是?因为|主?要?是?由于|源于|原因是|原因在于|为的是|以便)"
        r"(?P<why>[^。；“”]{4,50})"
    ),
    re.compile(
        r"(?P<why>[^，。；：“”]{4,40})，?(?:导致|造成|使得|致使|让)(?P<what>[^，。；“”]{5,40})"
    ),
]
_WHY = (
    *("为什么{}", "为啥{}", "{}是因为什么", "{}的原因是什么", "为何{}", "{}是什么原因", "怎么会{}"),
    *("{}，为什么", "{}是为了什么", "{}，图什么", "什么让{}"),
)
_MEANS = re.compile(
    r"(?:所谓|^|，)[“《]?(?P<what>[^，。；：“”]{2,14})[”》]?，?(?:是指|指的是|意味着|就是|意思是|，即|是一[种个项座家])"
    r"(?P<means>[^。；]{6,50})"
)
_WHAT_IS = ("{}是什么", "什么是{}", "啥叫{}", "{}是什么意思", "{}指什么", "{}是啥", "{}是干什么的")
_WORDS_SAID = re.compile(r"“(?P<words>[^”]{6,50})”")
_SAYS = re.compile("说|表示|称|道|直言|形容|感叹|：")
_HOW_SAID = (
    *("{}怎么说", "{}说了什么", "{}是怎么说的", "{}怎么形容", "{}怎么评价", "{}说了句什么"),
    *("{}有什么看法", "{}是怎么回答的", "{}怎么看", "{}原话是什么"),
)
_DENIED = re.compile(
    "(?:并未|并不|并没有?|尚未|没有|不能|无法|不再|不会|不得|未|不|没)(?=[\u4e00-\u9fff]{2})"
)
_OFFICE = re.compile(r"([^，。：“”、]{3,22}?(?:长|员|师|总|席|授|任|理|人|家|记|士|者|手|官))$")
_ORGANISATION = [
    "公司",
    "集团",
    "大学",
    "学院",
    "局",
    "部",
    "委员会",
    "中心",
    "银行",
    "医院",
    "研究院",
    "研究所",
    "协会",
    "学会",
    "政府",
    "法院",
    "队",
    "社",
    "厂",
    "所",
]
_EMPTY = frozenset("的了着也都还又就将已于与和及并而其该此对从向为以在")
_ASK_UNIT = {
    "%": ("多少", "百分之多少", "百分之几", "多大比例"),
    "元": ("多少元", "多少钱"),
    "亿元": ("多少亿元", "多少钱", "多少"),
    "万元": ("多少万元", "多少钱", "多少"),
    "届": ("第几届",),
    "美元": ("多少美元", "多少钱"),
    "亿美元": ("多少亿美元", "多少钱", "多少"),
    "年": ("几年", "多少年", "多久", "多长时间"),
    "天": ("几天", "多少天", "多久"),
    "小时": ("几个小时", "多久", "多长时间"),
    "个小时": ("几个小时", "多久"),
    "个月": ("几个月", "多久"),
    "分钟": ("几分钟", "多久", "多长时间"),
    "岁": ("多大", "几岁", "多少岁"),
    "公里": ("多少公里", "多长", "多远"),
    "米": ("多少米", "多高", "多长"),
}
_SPOKEN = {
    "举办": ("办", "开"),
    "举行": ("开", "办"),
    "位于": ("在",),
    "达到": ("有", "到"),
    "成立": ("建立", "创办"),
    "表示": ("说",),
    "共有": ("总共有", "一共有"),
    "参与": ("参加",),
    "购买": ("买",),
    "开始": ("启动",),
    "发布": ("推出", "公布"),
    "出台": ("发布", "推出"),
    "预计": ("估计",),
    "建成": ("建好",),
    "获得": ("拿到", "得到"),
    "首次": ("第一次", "头一回"),
    "首个": ("第一个",),
    "目前": ("现在",),
    "聚集": ("汇聚", "有"),
    "拥有": ("有",),
    "超过": ("多于",),
    "提升": ("提高",),
    "启动": ("开始",),
}


class Gap(NamedTuple):
    """What may be asked for: characters [start, end) of the sentence, and the asking word."""

    start: int
    end: int
    asks: str


class Made(NamedTuple):
    """A question and the place of its answer in the sentence."""

    question: str
    start: int
    end: int


class QuestionMaker:
    """Makes questions from Chinese sentences."""

    def __init__(self, data: Path, seed: int = 0) -> None:
        self._chance = random.Random(seed)
        self._tag = importlib.import_module("rjieba").tag
        self._synonyms = _synonyms(data)
        self._near = NearMisses(self._chance)
        self._wording = Wording(data, self._chance)

    def from_sentence(self, sentence: str, about: Sequence[str] = ()) -> Made | None:
        """Return one question about the sentence, or None when it offers nothing to ask for.

        `about`: names of what its text is about, for a question that must say so.
        """
        words = self._words(sentence)
        if words is None:
            return None
        self._near.learn(words)
        topic = self._chance.choice(about) if about and self._chance.random() < TOPIC else None
        if self._chance.random() < 0.4 and (told := self._told(sentence, words)):
            return self._with_topic(self._chance.choice(told), topic)
        gaps = self._gaps(sentence, words)
        if not gaps:
            return None
        if self._chance.random() < TWO and (both := self._two(sentence, words, gaps)):
            return self._with_topic(both, topic)
        gap = self._picked(gaps)
        if self._chance.random() < SPOKEN:
            question = self._spoken(sentence, words, gap, topic)
        else:
            question = self._reworded(sentence, words, gap)
        return Made(question, gap.start, gap.end) if question else None

    def about(self, text: str) -> list[str]:
        """Return the names that a text names most."""
        return topics(self._words(text) or ())

    def _with_topic(self, made: Made, topic: str | None) -> Made:
        if topic is None or topic in made.question or len(made.question) > 36:
            return made
        return made._replace(question=topic + self._chance.choice(("", "的", "，")) + made.question)

    def _picked(self, gaps: Sequence[Gap]) -> Gap:
        """Return a gap; half the time each asking word has the same chance, numbers no more than
        names."""
        if self._chance.random() < 0.5:
            asks = self._chance.choice(sorted({gap.asks for gap in gaps}))
            gaps = [gap for gap in gaps if gap.asks == asks]
        return self._chance.choice(gaps)

    def _spoken(
        self, sentence: str, words: Sequence[Word], gap: Gap, topic: str | None
    ) -> str | None:
        """Return the gap's clause as people speak, half the time with the clause before."""
        clauses = [m.span() for m in re.finditer(r"[^，；：,;]+", sentence)]
        home = next((k for k, (a, b) in enumerate(clauses) if a <= gap.start < b), None)
        if home is None:
            return None
        first = home - 1 if home and self._chance.random() < 0.5 else home
        start, end = clauses[first][0], max(clauses[home][1], gap.end)
        asking = Word(gap.asks, "r", gap.start, gap.end)
        before = [w for w in words if start <= w.start and w.end <= gap.start]
        behind = [w for w in words if gap.end <= w.start and w.end <= end]
        return self._wording.question([*before, asking, *behind], gap.asks, topic)

    def _two(self, sentence: str, words: Sequence[Word], gaps: Sequence[Gap]) -> Made | None:
        """Return a question for two things that stand within 30 characters: the words from the
        first to the second answer it."""
        pairs = [(a, b) for a in gaps for b in gaps if 0 < b.start - a.end <= 30]
        if not pairs:
            return None
        a, b = self._chance.choice(pairs)
        start = max((sentence.rfind(c, 0, a.start) + 1 for c in "，；：。"), default=0)
        between = sentence[a.end : b.start]
        if re.search("[。；“”]", between):
            return None
        head = self._thinned(sentence[start : a.start])
        joint = self._chance.choice((self._thinned(between), "，", "，是"))
        question = head + a.asks + joint + b.asks
        if a.asks == b.asks and self._chance.random() < 0.5:
            question = self._thinned(sentence[start : a.start] + between) + "各是" + a.asks
        return Made(question, a.start, b.end) if 6 <= len(question) <= 44 else None

    def near_miss(self, question: str, passage: str) -> str | None:
        """Return the question made to ask for something that the passage does not hold."""
        words = self._words(question)
        return self._near.of(question, words, passage) if words else None

    def learn(self, sentence: str) -> None:
        """Remember the names of a sentence, for near misses."""
        self._near.learn(self._words(sentence) or ())

    def _words(self, sentence: str) -> list[Word] | None:
        words, at = [], 0
        for word, part in self._tag(sentence):
            words.append(Word(word, part, at, at + len(word)))
            at += len(word)
        return words if "".join(w.text for w in words) == sentence else None

    def _gaps(self, sentence: str, words: Sequence[Word]) -> list[Gap]:
        pick = self._chance.choice
        gaps = [Gap(*m.span(), self._when(m.group())) for m in _DATE.finditer(sentence)]
        dates = list(gaps)
        for m in _NUMBER.finditer(sentence):
            if not any(d.start < m.end() and m.start() < d.end for d in dates):
                unit = m.group(2)
                asks = pick(
                    _ASK_UNIT.get(unit) or (f"多少{unit}", f"几{unit}", f"多少{unit}", "多少")
                )
                gaps.append(Gap(*m.span(), asks))
        gaps += [
            Gap(*m.span(), pick(("什么", "哪份文件", "什么文件", "什么作品")))
            for m in _WORK.finditer(sentence)
        ]
        gaps += [
            Gap(*m.span(1), pick(("什么", "哪个", "什么称号"))) for m in _QUOTED.finditer(sentence)
        ]
        gaps += [
            Gap(
                _first_item(words, *m.span()), m.end(), pick(("哪些", "什么", "哪几个", "哪些方面"))
            )
            for m in _LIST.finditer(sentence)
        ]
        return gaps + self._names(sentence, words)

    def _when(self, date: str) -> str:
        if "日" in date:
            return self._chance.choice(
                ("什么时候", "何时", "哪一天", "哪天", "几月几号", "啥时候", "几号")
            )
        if "月" in date:
            return self._chance.choice(("什么时候", "几月", "哪个月", "何时", "啥时候"))
        return self._chance.choice(("哪一年", "什么时候", "哪年", "何时", "啥时候"))

    def _names(self, sentence: str, words: Sequence[Word]) -> list[Gap]:
        """Return people, organisations and places that stand alone; one of a row is no answer."""
        pick, gaps, i = self._chance.choice, [], 0
        while i < len(words):
            word, before = words[i], words[i - 1] if i else Word("", "", 0, 0)
            last = i
            if word.part == "nr" and _is_name(word.text) and before.part not in ("nr", "ns"):
                gaps.append(
                    Gap(word.start, word.end, pick(("谁", "谁", "什么人", "哪个人", "哪位")))
                )
            elif (
                word.part in ("ns", "nt") and len(word.text) > 1 and before.part not in ("ns", "nt")
            ):
                while last + 1 < len(words) and words[last + 1].part in (
                    "ns",
                    "nt",
                    "n",
                    "nz",
                    "vn",
                ):
                    last += 1
                tail = words[last].text
                if tail.endswith(("大学", "学院")):
                    gaps.append(
                        Gap(word.start, words[last].end, pick(("哪所大学", "哪所学校", "哪个大学")))
                    )
                elif tail.endswith(tuple(_ORGANISATION)):
                    asks = pick(("哪家机构", "哪个单位", "哪家公司", "谁", "哪个部门", "哪家"))
                    gaps.append(Gap(word.start, words[last].end, asks))
                elif (
                    word.part == "ns"
                    and last == i
                    and sentence[word.end : word.end + 1] not in "、和与"
                ):
                    gaps.append(
                        Gap(word.start, word.end, pick(("哪里", "什么地方", "哪儿", "哪个地方")))
                    )
            i = last + 1
        return gaps

    def _reworded(self, sentence: str, words: Sequence[Word], gap: Gap) -> str | None:
        """Return the clause of the gap, and some neighbours, as a question in other words."""
        chance = self._chance
        clauses = [m.span() for m in re.finditer(r"[^，；：,;]+", sentence)]
        home = next((k for k, (a, b) in enumerate(clauses) if a <= gap.start < b), None)
        if home is None:
            return None
        near = {k: 0.4 if abs(k - home) == 1 else 0.12 for k in range(len(clauses))}
        kept = {home} | {k for k, share in near.items() if chance.random() < share}
        hard, out = chance.random(), []
        for word in words:
            clause = next((k for k, (a, b) in enumerate(clauses) if a <= word.start < b), None)
            if word.start < gap.end and word.end > gap.start:
                if gap.asks not in out:
                    out.append(gap.asks)
            elif clause in kept and self._keeps(word, clause == home, hard):
                out.append(self._other_word(word.text))
        return self._ordered([w for w in out if not re.fullmatch(r"[\W_]+", w)], gap.asks)

    def _keeps(self, word: Word, at_home: bool, hard: float) -> bool:
        lot = self._chance.random()
        if word.part[0] in "xwup" or word.text in _EMPTY:
            return lot >= 0.35
        if word.part[0] in "mq" or word.part in ("nr", "nt", "ns", "nz"):
            return at_home or lot >= 0.3
        return lot >= (0.02 + 0.16 * hard if at_home else 0.3)

    def _other_word(self, word: str) -> str:
        lot = self._chance.random()
        if lot < 0.35 and word in _SPOKEN:
            return self._chance.choice(_SPOKEN[word])
        if lot < 0.15 and word in self._synonyms:
            return self._chance.choice(self._synonyms[word])
        return word

    def _ordered(self, words: list[str], asks: str) -> str | None:
        lot = self._chance.random()
        if asks not in words:
            return None
        if lot < 0.26:
            words.remove(asks)
            if lot < 0.14:
                words.insert(self._chance.choice((0, len(words))), asks)
            else:
                words += ["是", asks]
        question = "".join(words)
        return question if 5 <= len(question) - len(asks) <= 42 else None

    def _told(self, sentence: str, words: Sequence[Word]) -> list[Made]:
        """Return who-said-it, what-did-they-say, who-is-this and why, where the sentence has that
        form."""
        found: list[Made] = []
        if said := _SAID.match(sentence):
            found += self._said(sentence, words, said)
        found += self._causes(sentence)
        found += self._meanings(sentence)
        found += self._quotes(sentence, words)
        found += self._whether(sentence)
        return found

    def _causes(self, sentence: str) -> Iterator[Made]:
        for pattern in _CAUSES:
            if cause := pattern.search(sentence):
                effect = self._thinned(cause.group("what"))
                if 4 <= len(effect) <= 35:
                    asks = self._chance.choice(_WHY)
                    yield Made(asks.format(effect), *cause.span("why"))

    def _meanings(self, sentence: str) -> Iterator[Made]:
        if found := _MEANS.search(sentence):
            asks = self._chance.choice(_WHAT_IS)
            yield Made(asks.format(found.group("what")), *found.span("means"))

    def _quotes(self, sentence: str, words: Sequence[Word]) -> Iterator[Made]:
        """Yield what the person named before a quotation said."""
        for quoted in _WORDS_SAID.finditer(sentence):
            before = [w for w in words if w.part == "nr" and w.end <= quoted.start()]
            if before and _SAYS.search(sentence, before[-1].end, quoted.start()):
                who = self._chance.choice(
                    (before[-1].text, self._thinned(sentence[: before[-1].end]))
                )
                about = [w.text for w in words if w.part == "n" and len(w.text) > 1]
                if about and self._chance.random() < 0.5:
                    who += self._chance.choice(("谈", "说起", "对", "")) + self._chance.choice(
                        about
                    )
                if 2 <= len(who) <= 30:
                    yield Made(self._chance.choice(_HOW_SAID).format(who), *quoted.span("words"))

    def _whether(self, sentence: str) -> Iterator[Made]:
        """Yield whether a clause is so; one that denies is asked for without the denial."""
        clauses = [m.span() for m in re.finditer(r"[^，；：。！？“”]{7,32}", sentence)]
        if not clauses:
            return
        start, end = self._chance.choice(clauses)
        said = sentence[start:end]
        if not _DENIED.search(said) and self._chance.random() < 0.75:
            return  # most clauses deny nothing
        asked = self._thinned(_DENIED.sub("", said, count=1))
        asks = self._chance.choice(("{}吗", "{}了吗", "是不是{}", "{}没有", "有没有{}", "{}是吗"))
        yield Made(asks.format(asked), start, end)

    def _said(self, sentence: str, words: Sequence[Word], said: re.Match[str]) -> list[Made]:
        pick, found = self._chance.choice, []
        names = [w for w in words if w.part == "nr" and w.end <= said.end(1) and _is_name(w.text)]
        clauses = [c for c in re.split("[，。；“”]", said.group(2)) if len(c) >= 6]
        if names:
            name = names[-1]
            if clauses:
                asks = pick(("谁说", "谁认为", "谁表示", "谁提到", "哪位专家说"))
                found.append(Made(asks + self._thinned(pick(clauses)), name.start, name.end))
            if office := _OFFICE.search(sentence[: name.start]):
                asks = pick(
                    ("{}是谁", "{}是什么职务", "{}是干什么的", "{}担任什么职务", "{}的身份是什么")
                )
                found.append(Made(asks.format(name.text), *office.span(1)))
        if clauses and len(said.group(2)) < 90:
            who = names[-1].text if names else said.group(1)
            nouns = [
                w.text
                for w in words
                if w.part[0] == "n" and len(w.text) > 1 and w.start >= said.start(2)
            ]
            asks = pick(
                (
                    f"{who}怎么看{{}}",
                    f"{who}说了什么",
                    f"{who}关于{{}}怎么说",
                    f"{who}对{{}}有什么看法",
                )
            )
            start, end = said.span(2)
            quoted = sentence[start:end]
            start += len(quoted) - len(quoted.lstrip("“"))
            end -= len(quoted) - len(quoted.rstrip("”。"))
            found.append(Made(asks.format(pick(nouns) if nouns else "这件事"), start, end))
        return found

    def _thinned(self, clause: str) -> str:
        return "".join(word for word, _ in self._tag(clause) if self._chance.random() > 0.13)


def _first_item(words: Sequence[Word], start: int, end: int) -> int:
    """Return where an enumeration's first item begins: behind the verb that it is the object of."""
    first = [w for w in words if start <= w.start < end]
    stop = next((k for k, w in enumerate(first) if w.text == "、"), 0)
    verbs = [w.end for w in first[: max(0, stop - 1)] if w.part[0] in "vpcdrxu"]
    return max(verbs, default=start)


def _is_name(word: str) -> bool:
    return "·" in word or (2 <= len(word) <= 3 and word[0] in FAMILY_NAMES)


def _synonyms(data: Path) -> dict[str, list[str]]:
    """Return words of 2 to 4 characters that share a WordNet synset, at most four each."""
    by_gloss: dict[str, list[str]] = {}
    with lzma.open(data / "dictionary/wordnet_zh_en.tsv.xz", "rt", encoding="utf-8") as lines:
        for line in lines:
            word, gloss = line.rstrip("\n").split("\t")[:2]
            if 2 <= len(word) <= 4:
                by_gloss.setdefault(gloss, []).append(word)
    found: dict[str, set[str]] = {}
    for words in by_gloss.values():
        for word in words:
            found.setdefault(word, set()).update(w for w in words if w != word)
    return {word: sorted(others)[:4] for word, others in found.items() if others}


def write_made_questions(data: Path, out: Path, most: int = MOST, seed: int = 0) -> None:
    """Write `{"q", "c", "s", "e"}` rows: question, passage, the answer's place in it or -1, -1.

    Each process makes its share from texts of its own order; few sentences are asked about twice.
    """
    with ProcessPoolExecutor(WORKERS) as pool:
        shares = [pool.submit(_made_rows, data, most // WORKERS, seed + i) for i in range(WORKERS)]
        with out.open("w", encoding="utf-8") as lines:
            for share in shares:
                for row in share.result():
                    lines.write(json.dumps(row, ensure_ascii=False) + "\n")


def _made_rows(data: Path, most: int, seed: int) -> list[dict[str, Any]]:
    chance = random.Random(seed)
    maker = QuestionMaker(data, seed)
    rows: list[dict[str, Any]] = []
    for text in _texts(data, chance):
        rows += _rows(text, maker, chance)
        if len(rows) >= most:
            break
    return rows[:most]


def _texts(data: Path, chance: random.Random) -> list[str]:
    texts: list[str] = []
    with lzma.open(data / "text/zh_news.jsonl.xz", "rt", encoding="utf-8") as lines:
        texts += [json.loads(line)["text"] for line in lines]
    with lzma.open(data / "text/zh_bulletins.txt.xz", "rt", encoding="utf-8") as lines:
        gathered: list[str] = []
        for line in lines:
            gathered.append(line.strip())
            if sum(map(len, gathered)) > 900:
                texts.append("\n".join(gathered))
                gathered = []
    chance.shuffle(texts)
    return texts


def _rows(text: str, maker: QuestionMaker, chance: random.Random) -> Iterator[dict[str, Any]]:
    text = re.sub("<[^>]{1,80}>", "", text)
    text = re.sub(r"(?<=[\u4e00-\u9fff，。、])[ \u3000]+(?=[\u4e00-\u9fff0-9])", "", text).strip()
    spans = [m.span() for m in re.finditer(r"[^。！？!?\n]+[。！？!?]?”?", text)]
    spans = [(a, b) for a, b in spans if 15 <= b - a <= 130]
    about = maker.about(text[:400]) if len(text) >= 150 else []
    for start, end in chance.sample(spans, min(PER_TEXT, len(spans))) if len(text) >= 150 else ():
        made = maker.from_sentence(text[start:end], about)
        if made is None or text[start + made.start : start + made.end] in made.question:
            continue
        if row := _row(text, (start, end), made, maker, chance):
            yield row


def _row(
    text: str,
    sentence: tuple[int, int],
    made: Made,
    maker: QuestionMaker,
    chance: random.Random,
) -> dict[str, Any] | None:
    start, end = sentence[0] + made.start, sentence[0] + made.end
    left = max(0, start - chance.randint(20, 260))
    right = max(end + 20, left + chance.randint(200, 400))
    question = made.question + chance.choice(("？", "?", "", "？"))
    lot = chance.random()
    if lot < NEAR_MISS and (other := maker.near_miss(question, text)):
        return {"q": other, "c": text[left:right], "s": -1, "e": -1}
    if lot >= NEAR_MISS + UNANSWERABLE:
        return {"q": question, "c": text[left:right], "s": start - left, "e": end - left}
    rest = text[left : sentence[0]] + text[sentence[1] : right + sentence[1] - sentence[0]]
    if len(rest) < 80 or text[start:end] in rest:
        return None
    return {"q": question, "c": rest, "s": -1, "e": -1}
