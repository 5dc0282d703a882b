"""eval.suites and what it is made of: rewordings, noise, distractors, near misses."""

import contextlib
import re
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypinyin import lazy_pinyin

from eval.corpora import made_articles, noisy
from eval.gold import GoldRow
from eval.judge import judge
from eval.metrics import Quote, normalise, squeeze
from eval.nearmiss import near_misses
from eval.rewording import HOMOPHONES, REWORDINGS, cut, in_characters, reworded
from eval.suites import MEANINGS, SUITES, Setting, chosen, run_suites, suite_table
from rag.errors import GoldError
from rag.terms import fold
from rag.types import Answer, Article, Hit, Run, Source, Span, essence

CHINESE = "松延动力在2025年8月16日，交付了1,300台机器人，比去年多百分之多少？"
ENGLISH = "How many robots did Noetix deliver in 2025?"


def one(name, question, key="g1"):
    return reworded(name, [(key, question)])[0]


# ---------------------------------------------------------------- rewordings


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("unpunctuated", "松延动力在2025年8月16日交付了1,300台机器人比去年多百分之多少"),
        ("traditional", "松延動力在2025年8月16日，交付了1,300臺機器人，比去年多百分之多少？"),
        (
            "full-width",
            "松延动力在２０２５年８月１６日，交付了１,３００台机器人，比去年多百分之多少？",
        ),
        (
            "numerals",
            "松延动力在二〇二五年八月十六日，交付了一千三百台机器人，比去年多百分之多少？",
        ),
        ("reordered", "交付了1,300台机器人，比去年多百分之多少，松延动力在2025年8月16日？"),
    ],
)
def test_a_rewording_does_what_it_says(name, expected):
    assert one(name, CHINESE) == expected


@pytest.mark.parametrize("name", ["typos", "homophones"])
def test_slips_change_a_few_characters_and_neither_numbers_nor_what_asks(name):
    for key in map(str, range(40)):
        slipped = one(name, CHINESE, key)
        assert slipped != CHINESE
        assert abs(len(slipped) - len(CHINESE)) <= 3
        assert re.findall(r"\d+.", slipped) == re.findall(r"\d+.", CHINESE)
        assert "多少" in slipped
        assert "去年" in slipped


def test_homophones_sound_alike():
    for key in map(str, range(20)):
        changed = one("homophones", CHINESE, key)
        assert (
            lazy_pinyin(changed) == pytest.approx(lazy_pinyin(CHINESE))
            or sum(a != b for a, b in zip(lazy_pinyin(changed), lazy_pinyin(CHINESE), strict=True))
            <= 1
        )  # a reading that depends on the neighbours


def test_the_table_of_homophones_is_what_pypinyin_gives_for_the_commonest_characters():
    groups: dict[str, str] = {}
    for code in range(0xB0A1, 0xD7FA):
        with contextlib.suppress(UnicodeDecodeError):
            character = code.to_bytes(2, "big").decode("gb2312")
            sound = lazy_pinyin(character)[0]
            groups[sound] = groups.get(sound, "") + character
    expected = [groups[sound] for sound in sorted(groups) if len(groups[sound]) > 1]
    lines = HOMOPHONES.read_text(encoding="utf-8").split()
    # another release of pypinyin may read a handful of characters otherwise
    assert len(set(lines) & set(expected)) >= 0.97 * len(expected)
    assert sum(map(len, lines)) == pytest.approx(sum(map(len, expected)), rel=0.01)


def test_polite_words_are_added_around_the_question():
    assert CHINESE in one("polite", CHINESE)
    assert one("polite", ENGLISH).endswith(("Thank you!", "Thanks a lot."))
    assert ENGLISH in one("polite", ENGLISH)


def test_english_questions_get_english_slips_and_no_chinese_writing():
    assert sorted(one("typos", ENGLISH)) == sorted(ENGLISH)
    assert one("typos", ENGLISH) != ENGLISH
    for name in ("homophones", "traditional", "full-width", "numerals"):
        assert one(name, ENGLISH) == ENGLISH


def test_model_names_keep_their_digits():
    assert one("numerals", "宇树R1和N2卖3.99万元？5G呢？") == "宇树R1和N2卖三点九九万元？5G呢？"


@pytest.mark.parametrize(
    ("number", "spoken"),
    [(0, "零"), (10, "十"), (19, "十九"), (105, "一百零五"), (110, "一百一十"), (1001, "一千零一"),
     (1010, "一千零一十"), (10_000, "一万"), (10_500, "一万零五百"), (100_000_000, "一亿"),
     (120_030_004, "一亿二千零三万零四")],
)  # fmt: skip
def test_numbers_are_spoken(number, spoken):
    assert in_characters(number) == spoken


VALUES = {c: n for n, c in enumerate("零一二三四五六七八九")}
SIZES = {"十": 10, "百": 100, "千": 1000}


def value_of(spoken):
    """Read a number in characters, by the textbook."""
    for size, name in ((10**8, "亿"), (10**4, "万")):
        if name in spoken:
            high, low = spoken.split(name, 1)
            return value_of(high) * size + value_of(low)
    total, digit = 0, 1 if spoken.startswith("十") else 0
    for character in spoken:
        if character in SIZES:
            total, digit = total + digit * SIZES[character], 0
        else:
            digit = VALUES[character]
    return total + digit


@given(st.integers(0, 10**9))
def test_spoken_numbers_read_back_as_they_were(number):
    assert value_of(in_characters(number)) == number


@settings(max_examples=50, deadline=None)  # the vocabulary is read once
@given(
    st.sampled_from(sorted(REWORDINGS)),
    st.text(alphabet="松延动力交付多少台105，。？ abcN", max_size=30),
)
def test_every_rewording_takes_any_text_and_gives_the_same_again(name, question):
    assert one(name, question) == one(name, question)


@settings(deadline=None)
@given(st.text(alphabet="松延动力交付多少台105，。？ abcN臺", max_size=40))
def test_words_joined_are_the_text(text):
    assert "".join(cut(text)) == text


# ---------------------------------------------------------------- articles

RAW = "机器人大会开幕\n" + "今年7月交付人形机器人105台，创了纪录，企业负责人对记者介绍了情况。" * 30
QUOTE = "交付人形机器人105台，创了纪录"


def test_noise_only_puts_in_and_leaves_every_quote_whole():
    worse = noisy(RAW, [QUOTE], Random(1))
    assert len(worse) > len(RAW) + 50
    kept = iter(worse)
    assert all(character in kept for character in RAW)  # RAW is a subsequence
    assert squeeze(worse).text.count(QUOTE) == 30
    assert "\n\n" in worse  # furniture came in


def test_noise_differs_from_page_to_page_and_not_from_run_to_run():
    assert noisy(RAW, [], Random(1)) == noisy(RAW, [], Random(1)) != noisy(RAW, [], Random(2))


def test_made_articles_hold_no_quote_and_use_the_words_of_the_corpus():
    made = list(made_articles(200, [RAW], ["记者在现场看到"], Random(1)))
    assert len({source.name for source in made}) == 200
    assert len({source.text for source in made}) == 200
    assert not any("记者在现场看到" in source.text for source in made)
    assert sum("机器人" in source.text for source in made) > 50
    assert not any("105台" in source.text for source in made)


# ---------------------------------------------------------------- near misses


def row(name, question, answers=("105台",), type_="number", **more):
    return GoldRow(
        id=name,
        question=question,
        lang="zh",
        answers=answers,
        answerable=bool(answers),
        type=type_,
        evidence=(Quote("a.txt", QUOTE),) if answers else (),
        difficulty="easy",
        **more,
    )


NAMED = [
    row("y", "2025年交付多少台？"),
    row("p", "北京交付多少台？"),
    row("t", "《三体》卖了多少台？"),
    row("l", "Noetix交付多少台？"),
    row("d", "8月16日交付多少台？"),
    row("w", "松延动力交付多少台？"),
    row("o", "哪家交付了？", ("松延动力",), "org"),
    row("n", "交付多少台？"),
    row("f", "北京呢？", history=(("上海呢？", "三"),)),
    row("u", "广州交付多少台？", ()),
]


def test_a_near_miss_asks_about_something_the_corpus_does_not_have():
    corpus = RAW + "2025年北京、上海、三体、Noetix、松延动力、8月16日"
    missed = {r.id: r for r in near_misses(NAMED, [corpus])}
    assert set(missed) == {"y", "p", "t", "l", "d", "w"}
    for original in NAMED:
        if original.id in missed:
            changed = missed[original.id]
            assert not changed.answerable
            assert (changed.answers, changed.evidence) == ((), ())
            shared = 0
            while original.question[shared] == changed.question[shared]:
                shared += 1
            new = re.match(
                r"[A-Za-z]+|\d+年|\d+月\d+日|[^\W\d]+?(?=交付|》)", changed.question[shared:]
            )
            assert new
            assert fold(new.group()) not in fold(essence(corpus))


def test_near_misses_are_the_same_each_time():
    assert near_misses(NAMED, [RAW]) == near_misses(NAMED, [RAW])


# ---------------------------------------------------------------- suites

ARTICLE = Article("a1", "a.txt", RAW, (Run(0, 0, len(RAW)),))


class LiteralBot:
    """Answers 105台 when the question holds the exact words 交付多少台, else refuses."""

    def __init__(self, articles=(ARTICLE,), needs="交付多少台"):
        self.needs = needs
        self._articles = list(articles)

    def ask(self, question, history=()):
        hit = Hit(1, self._articles[0], Span(0, len(RAW)), (Span(0, len(RAW)),), 1.0)
        found = self.needs in question
        return Answer(
            question, "105台" if found else None, "", not found, 0.8, hits=(hit,),
            milliseconds={"total": 1.0},
        )  # fmt: skip

    def articles(self):
        return self._articles


ROWS = [row(f"g{n}", f"2025年第{n}次大会上，松延动力交付多少台？") for n in range(12)]


@contextlib.contextmanager
def no_index(sources):
    served.append(sources)
    yield LiteralBot(needs="没有" if len(sources) > 1 else "交付多少台")


served: list[list[Source]] = []


@pytest.fixture
def setting():
    served.clear()
    bot = LiteralBot()
    plain = {}
    for r in ROWS:
        told = {"id": r.id, **bot.ask(r.question).to_json()}
        plain[r.id] = judge(r, told, {"a.txt": RAW}, [ARTICLE])
    return Setting(
        rows=ROWS,
        bot=bot,
        sources=[Source("a.txt", RAW)],
        articles=[ARTICLE],
        plain=plain,
        serve=no_index,
    )


def test_every_suite_gives_its_own_line(setting):
    lines = run_suites(SUITES, setting)
    assert [line["suite"] for line in lines] == list(SUITES)
    assert suite_table(lines).count("\n") == len(SUITES)
    by_name = {line["suite"]: line for line in lines}
    assert by_name["polite"]["right"] == by_name["polite"]["plain"] == 1
    assert by_name["traditional"]["right"] == 0  # this bot reads 台 and not 臺
    assert by_name["noise"]["questions"] == by_name["distractors"]["questions"] == 12


def test_a_suite_that_breaks_the_bot_shows_it(setting):
    (line,) = run_suites(["traditional"], setting)
    assert (line["plain"], line["right"], line["lost"], line["questions"]) == (1.0, 0.0, 12, 12)
    assert line["p"] == pytest.approx(2 / 2**12, abs=1e-4)
    assert line["measures"]["false_refusals"] == 1


def test_a_near_miss_is_right_when_it_is_refused(setting):
    (line,) = run_suites(["near-miss"], setting)
    assert (line["right"], line["plain"], line["measures"]["false_answers"]) == (0.0, None, 1.0)


def test_questions_that_a_suite_leaves_alone_take_no_part(setting):
    plain = [row("g0", "松延动力交付多少台？"), *ROWS[1:]]
    judged = dict(setting.plain)
    (line,) = run_suites(
        ["full-width"],
        Setting(plain, setting.bot, setting.sources, setting.articles, judged, no_index),
    )
    assert (line["questions"], line["of"]) == (11, 12)


def test_distractors_are_added_and_those_with_evidence_left_out(setting):
    given_ones = [Source("x.txt", "别的文章。"), Source("y.txt", f"抄来的：{QUOTE}。")]
    (line,) = run_suites(
        ["distractors"],
        Setting(
            ROWS, setting.bot, setting.sources, setting.articles, setting.plain, no_index,
            distractors=given_ones,
        ),
    )  # fmt: skip
    assert [source.name for source in served[0]] == ["a.txt", "x.txt"]
    assert line["remark"] == "1 added, 1 left out that hold evidence"
    assert (line["plain"], line["right"]) == (1.0, 0.0)
    run_suites(["distractors"], setting)
    assert len(served[1]) == 1001


def test_answers_of_a_suite_are_kept_beside_the_plain_ones(setting, tmp_path):
    kept = Setting(
        ROWS, setting.bot, setting.sources, setting.articles, setting.plain, no_index,
        predictions=tmp_path / "out.jsonl",
    )  # fmt: skip
    run_suites(["polite", "noise"], kept)
    assert {p.name for p in tmp_path.iterdir()} == {"out.polite.jsonl", "out.noise.jsonl"}


def test_suites_are_chosen_by_name():
    assert chosen("all") == SUITES == tuple(MEANINGS)
    assert chosen("typos, noise") == ("typos", "noise")
    for unknown in ("typoes", ""):
        with pytest.raises(GoldError, match="the suites are typos, homophones"):
            chosen(unknown)


def test_no_suite_changes_what_the_question_means_in_its_numbers():
    for name in ("typos", "homophones", "unpunctuated", "traditional", "polite", "reordered"):
        digits = re.findall(r"\d+", normalise(CHINESE))
        assert sorted(re.findall(r"\d+", normalise(one(name, CHINESE)))) == sorted(digits)


def test_the_data_files_are_there():
    assert Path(HOMOPHONES).stat().st_size > 10_000
