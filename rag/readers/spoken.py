"""Questions the way people ask them: few of the sentence's words, other words, short names.

    澜口港前两月完成集装箱41.8万标准箱  →  澜口港头两个月一共走了多少集装箱

The sentence's words are thinned to those that carry it, words give way to everyday ones, the
subject of the text comes in front, and the asking word goes where a speaker puts it.
"""

from __future__ import annotations

import lzma
import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

_MOST_ALIKE = 12  # words with one English gloss: more is a class of things, not one meaning
# a word of the papers, then what people say for it; one that stands alone goes unsaid
_EVERYDAY_WORDS = (
    "举办 办 开; 举行 办 开; 召开 开; 位于 在; 达到 有 到; 成立 建 创办; 表示 说; "
    "指出 说; 认为 觉得 说; 介绍 说; 透露 说; 强调 说; 共有 一共有 总共有; 参与 参加; "
    "购买 买; 开始 启动 起; 发布 推出 公布 出; 出台 发布 推出; 预计 估计 大概; "
    "建成 建好 盖好; 获得 拿 得 拿到; 获 拿 得; 首次 第一次 头一回; "
    "首个 第一个 头一个; 目前 现在 眼下; 聚集 汇聚; 拥有 有; 超过 多于; 提升 提高; "
    "启动 开始; 增长 涨 多 增加; 同比增长 涨 增长 比去年多; 下降 降 跌 少; "
    "同比下降 降 比去年少; 上涨 涨; 下跌 跌; 减少 少 降; 增加 多 加; 完成 做 干; "
    "累计 一共 总共; 合计 一共 总共; 共计 一共 总共; 总计 一共; 实现 做到 达到; "
    "担任 当 做; 出任 当; 任职 干; 死亡 死; 逝世 去世 死; 遇难 死; 受伤 伤; "
    "儿童 孩子 小孩 娃; 老年人 老人; 医生 大夫; 教师 老师; 学生 孩子 娃; "
    "乘客 坐车的人; 居民 住户 老百姓; 市民 老百姓; 群众 老百姓; 企业 公司 厂; "
    "价格 价 价钱; 费用 钱 花费; 资金 钱; 投资 投 花; 支付 付 给; 收取 收; 给予 给; "
    "提供 给; 负责 管; 主持 管 牵头; 前往 去; 抵达 到; 返回 回; 离开 走; 使用 用; "
    "需要 要 得; 应当 要 得 该; 能够 能; 可以 能; 进行 做 搞; 开展 搞 做; "
    "实施 搞 推行; 建设 建 修; 修建 修 建; 生产 造 产; 制造 造; 销售 卖; 出售 卖; "
    "招聘 招; 招收 招; 录取 收; 选择 选 挑; 拒绝 不肯 不愿; 同意 答应 点头; "
    "反对 不同意; 批准 同意; 取消 不搞; 推迟 拖 延后; 延长 拉长; 缩短 减; 参加 去 上; "
    "击败 赢 打败; 战胜 赢 打败; 位列 排; 位居 排; 名列 排; 去年 上一年; 今年; 日前; "
    "近日; 昨日 昨天; 今日 今天; 每日 每天; 该 这个; 其 它的 他的; 为 是; 将 要; 已; "
    "均 都; 及 和; 与 和 跟; 由; 于 在; 即 就是; 称 叫 说; 被 让 给; 因 因为; 约 大概; "
    "逾 超过"
)
_EVERYDAY = {
    word: said or [""]
    for word, *said in (entry.split(" ") for entry in _EVERYDAY_WORDS.split("; "))
}
# fillers that a speaker puts before the asking word, or at the end
_BEFORE = ("一共", "到底", "总共", "大概", "现在", "究竟", "是")
_AFTER = ("啊", "呀", "来着", "呢")
_NAME_TAIL = re.compile("(?:股份|集团|科技|有限|责任)*公司$|集团$|[省市县区]$|人民政府$")


class Word(NamedTuple):
    """A word of a sentence with its part of speech, as jieba names it, and its place."""

    text: str
    part: str
    start: int
    end: int


class Wording:
    """Puts words in other words."""

    def __init__(self, data: Path, chance: random.Random) -> None:
        self._chance = chance
        self._alike = same_gloss(data / "dictionary/cedict.tsv.xz")

    def question(self, words: Sequence[Word], asks: str, topic: str | None) -> str | None:
        """Return what a speaker makes of a clause's words, one of which is `asks`.

        `topic`: what the text is about, said first when the clause does not; None says nothing.
        None when too little is left to know what is asked for.
        """
        chance = self._chance
        thin = chance.uniform(0.05, 0.4)
        said = [self._word(word) for word in words if word.text == asks or self._says(word, thin)]
        said = [word for word in said if word]
        if asks not in said or sum(len(word) for word in said if word != asks) < 4:
            return None
        said = self._turned(said, asks)
        if topic and topic not in "".join(said):
            said.insert(0, topic + chance.choice(("", "", "的", "，", "那边", "这次")))
        if chance.random() < 0.15:
            said.append(chance.choice(_AFTER))
        question = "".join(said)
        return question if len(question) <= 44 else None

    def short_name(self, name: str) -> str:
        """Return a name as people shorten it: 顺坚紧固件有限公司 → 顺坚紧固件."""
        short = _NAME_TAIL.sub("", name)
        return short if len(short) >= 2 else name

    def _says(self, word: Word, thin: float) -> bool:
        part, lot = word.part, self._chance.random()
        if re.fullmatch(r"[\W_]+", word.text):
            return False
        if part[0] in "xwupcdey":
            return lot > 0.6
        if part[0] in "mqt":
            return lot > 0.35
        return lot > thin * (0.6 if part in ("nr", "ns", "nt", "nz", "n") else 1.0)

    def _word(self, word: Word) -> str:
        lot, text = self._chance.random(), word.text
        if text in _EVERYDAY and lot < 0.6:
            return self._chance.choice(_EVERYDAY[text])
        if word.part in ("nt", "nz", "ns", "n") and len(text) > 3 and lot < 0.4:
            return self.short_name(text)
        if text in self._alike and lot < 0.12:
            return self._chance.choice(self._alike[text])
        return text

    def _turned(self, said: list[str], asks: str) -> list[str]:
        """Move the asking word, or what comes after it, to where a speaker has it."""
        chance, at = self._chance, said.index(asks)
        rest = [word for k, word in enumerate(said) if k != at]
        lot = chance.random()
        if lot < 0.25:
            return [*rest, *([chance.choice(_BEFORE)] if chance.random() < 0.6 else []), asks]
        if lot < 0.35:
            return [asks, *rest]
        if lot < 0.42 and len(rest) > 3:  # the end first: 多收了三五斗的是谁
            cut = chance.randrange(1, len(rest))
            return [*rest[cut:], *rest[:cut], asks]
        if lot < 0.6 and asks.startswith(("多少", "几")):
            said.insert(at, chance.choice(_BEFORE))
        return said


def topics(words: Iterable[Word]) -> list[str]:
    """Return names and nouns that a text names most, the commonest first."""
    counts = Counter(
        word.text
        for word in words
        if len(word.text) > 1 and (word.part in ("nr", "ns", "nt", "nz", "nrt"))
    )
    return [word for word, _ in counts.most_common(6)]


def same_gloss(path: Path) -> dict[str, list[str]]:
    """Return words of two to four characters that one English gloss translates.

    `path`: `zh TAB gloss; gloss` lines, .tsv.xz; {} when there is no such file.
    """
    by_gloss: dict[str, set[str]] = {}
    if not path.exists():
        return {}
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            word, _, glosses = line.rstrip("\n").partition("\t")
            for gloss in glosses.split(";"):
                plain = gloss.strip().removeprefix("to ")
                if 2 <= len(word) <= 4 and plain and "(" not in plain:
                    by_gloss.setdefault(plain, set()).add(word)
    found: dict[str, set[str]] = {}
    for words in by_gloss.values():
        if 2 <= len(words) <= _MOST_ALIKE:
            for word in words:
                found.setdefault(word, set()).update(words - {word})
    return {word: sorted(others)[:8] for word, others in found.items()}
