"""Questions in the corpus's spelling: translation, misspellings, other names."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from rag.errors import ModelError
from rag.lexicon import (
    Group,
    aliases,
    bm25_terms,
    coverage,
    expand,
    respellings,
    translate,
    words,
)
from rag.terms import fold, terms

CHINESE = [
    "松延动力7月交付人形机器人105台，创了纪录，8月的目标是200台。",
    "中关村科学城发布具身智能产业行动计划，上半年产业规模达120万元。",
    "美联储宣布加息，市场对利率的预期随之改变。",
    "多地举行消防演练，无人机参加了空中侦察。",
    "徐劲松介绍，轻工业增加值同比增长5.3%。",
    "工人用钻头在墙上打孔。",
    "复宏汉霖的斯鲁利单抗获批上市，Unitree发布新的机器狗。",
    "昨天下午两点，会议在北京举行，许多公司参加。",
    "今年许多公司的机器人走上街头。",
]
ENGLISH = [
    "Songyan delivered 105 humanoid robots in July, a record.",
    "The Federal Reserve raised interest rates by 1.2 million votes.",
    "Xu Jinsong said that light industry grew in the first half of the year.",
]


def frequency_in(passages):
    """Return what translation asks of a corpus: in how many passages each term stands."""
    sets = [set(terms(text)) for text in passages]
    return lambda asked: {t: n for t in asked if (n := sum(t in s for s in sets))}


@pytest.fixture
def chinese():
    return frequency_in(CHINESE)


@pytest.fixture
def english():
    return frequency_in(ENGLISH)


def found(groups):
    return {term for group in groups for term in group.alternatives}


@pytest.mark.parametrize(
    ("question", "term"),
    [
        ("How many drones took part?", "无人机"),
        ("Where was the fire drill held?", "演练"),
        ("What did the Fed announce?", "美联储"),
        ("How fast did light industry grow?", "轻工业"),
        ("How many did Songyan ship?", "松延"),
        ("Who lives near Zhongguancun?", "中关村"),
        ("What did Jinsong Xu say?", "徐劲松"),
        ("What did Xu Jinsong say?", "徐劲松"),
        ("What happened in July?", "7月"),
        ("Who reached it in the first half?", "上半年"),
        ("Who spent 1.2 million?", "120万"),
        ("What grew by 5.3 percent?", "5.3%"),
        ("What did Unitree release?", "unitree"),
    ],
    ids=lambda value: value,
)
def test_an_english_question_finds_the_chinese_term(question, term, chinese):
    assert term in found(translate(question, frequency=chinese, passages=len(CHINESE)))


@pytest.mark.parametrize(
    ("question", "term"),
    [
        ("松延交付了多少机器人?", "songyan"),
        ("松延交付了多少机器人?", "robots"),
        ("徐劲松说了什么?", "xu jinsong"),
        ("7月发生了什么?", "july"),
        ("120万票是谁的?", "1.2 million"),
        ("上半年什么增长了?", "first half"),
    ],
    ids=lambda value: value,
)
def test_a_chinese_question_finds_the_english_term(question, term, english):
    assert term in found(translate(question, frequency=english, passages=len(ENGLISH)))


def offered(question, *passages):
    """Return the Chinese terms that a question is given over these passages."""
    return found(translate(question, frequency=frequency_in(passages), passages=len(passages)))


@pytest.mark.parametrize(
    ("question", "term", "other"),
    [
        ("Where is SAFE?", "外汇局", "安全"),
        ("Where is the safe?", "安全", "外汇局"),
        ("Whom did the WHO warn?", "世卫组织", "谁"),
        ("What did the imf say?", "国际货币基金组织", "美元"),
    ],
    ids=lambda value: value,
)
def test_capitals_tell_an_acronym_from_a_word(question, term, other):
    terms_of = offered(question, f"{term}昨天说", f"{other}昨天说")
    assert term in terms_of
    assert other not in terms_of


@pytest.mark.parametrize(
    ("question", "place", "another"),
    [
        ("how big is weinan?", "渭南", "大荔"),
        ("How big is Chizhou?", "池州", "青阳"),
        ("How big is Jishou?", "吉首", "吉林"),
    ],
    ids=lambda value: value,
)
def test_a_place_is_itself_and_not_what_lies_in_it(question, place, another):
    terms_of = offered(question, f"在{place}的人", f"在{another}的人")
    assert place in terms_of
    assert another not in terms_of


@pytest.mark.parametrize(
    ("question", "term"),
    [
        ("Which expressways are closed?", "高速公路"),
        ("How much do couples get?", "夫妻"),
        ("Which stocks in speed reducers fell?", "减速器"),
    ],
    ids=lambda value: value,
)
def test_a_rare_form_of_a_word_means_what_the_word_means(question, term):
    assert term in offered(question, f"今天{term}的消息", "天气很好")


def test_a_name_may_be_written_with_an_apostrophe():
    assert "北安门" in offered("Who leads Bei'anmen?", "北安门社区书记", "天气很好")


def test_only_terms_of_the_corpus_are_offered(chinese):
    groups = translate(
        "Did the Fed send drones and zebras in July?", frequency=chinese, passages=len(CHINESE)
    )
    assert "zebras" not in {group.word for group in groups}
    for group in groups:
        for term in group.alternatives:
            assert any(term in fold(text) for text in CHINESE) or chinese(terms(term)) != {}


def test_words_that_only_ask_have_no_group(chinese):
    assert translate("How many of them are there?", frequency=chinese, passages=9) == ()


@pytest.mark.parametrize("question", ["", "???", "\ud800", "🙂"], ids=ascii)
def test_a_question_without_words_has_no_groups(question, chinese):
    assert translate(question, frequency=chinese, passages=len(CHINESE)) == ()


def test_may_the_verb_is_no_month(chinese):
    corpus = frequency_in(["5月的会议", "七月流火"])
    verb = translate("What may follow?", frequency=corpus, passages=2)
    month = translate("What followed in May?", frequency=corpus, passages=2)
    assert "5月" not in found(verb)
    assert "5月" in found(month)


def test_a_name_weighs_more_than_a_common_word(chinese):
    groups = translate("Which companies met Songyan?", frequency=chinese, passages=len(CHINESE))
    weight = {group.word: group.weight for group in groups}
    assert weight["songyan"] > weight["companies"]
    assert all(0 <= group.weight <= 1 for group in groups)


def test_a_word_that_tells_little_weighs_less_than_its_rarity():
    corpus = frequency_in(["警方通报了案情", "她称自己去了现场", *CHINESE])
    groups = translate("What did the police say?", frequency=corpus, passages=11)
    weight = {group.word: group.weight for group in groups}
    assert "police" in weight
    assert weight["police"] > 2 * weight.get("say", 0.0)
    police = next(group for group in groups if group.word == "police")
    assert 0.5 < police.trust <= 1


def test_words_stand_for_what_askers_mean_by_them():
    corpus = frequency_in(["照片拍摄于昨日", "该股昨日收盘报9元", "民警赶到现场"])

    def offered(question):
        return found(translate(question, frequency=corpus, passages=3))

    assert "拍摄" in offered("Where were the pictures shot?")
    assert "民警" in offered("How did the police help?")


def test_a_family_name_alone_is_its_character():
    corpus = frequency_in(["王女士报警", "李某被拘留"])
    assert "王" in found(translate("What did Ms Wang do?", frequency=corpus, passages=2))
    assert "李" in found(translate("Why was Li detained?", frequency=corpus, passages=2))


def test_a_place_that_the_lexicon_knows_comes_before_what_merely_sounds_so():
    corpus = frequency_in(["咸阳市查处案件", "献阳春白雪", "西安阳光明媚"])
    groups = translate("Value of the Xianyang cases?", frequency=corpus, passages=3)
    place = next(group for group in groups if group.word == "xianyang")
    first = max(place.alternatives, key=lambda name: place.alternatives[name])
    assert first in ("咸阳", "咸阳市")
    assert place.alternatives["咸阳"] > place.alternatives.get("献阳", 0.0)
    assert place.alternatives["咸阳"] > place.alternatives.get("西安阳", 0.0)


def test_the_questions_vector_chooses_among_translations(chinese):
    class TwoSenses:
        """Puts exercises on one axis and tools on the other."""

        def encode_queries(self, texts):
            return np.array([["钻" in text, "钻" not in text] for text in texts], np.float32)

    def weights(vector):
        groups = translate(
            "The drill was long",
            frequency=chinese,
            passages=len(CHINESE),
            vector=np.array(vector, np.float32),
            embedder=TwoSenses(),
        )
        return next(group for group in groups if group.word == "drill").alternatives

    tool, exercise = weights([1, 0]), weights([0, 1])
    assert tool.get("钻头", 0) > exercise.get("钻头", 0)
    assert exercise["演练"] == 1


def test_coverage_ranks_the_passage_that_answers_first(chinese):
    groups = translate(
        "How many humanoid robots did Songyan deliver in July?",
        frequency=chinese,
        passages=len(CHINESE),
    )
    scores = [coverage(groups, fold(text)) for text in CHINESE]
    assert scores.index(max(scores)) == 0
    assert all(0 <= score <= 1 for score in scores)


def test_coverage_of_nothing_is_nothing():
    assert coverage((), "文") == 0.0


def test_a_number_is_not_found_inside_a_longer_one():
    groups = (Group("30", {"30": 1.0}, 1.0, (("30", 1.0),)),)
    assert coverage(groups, "共300台") == 0.0
    assert coverage(groups, "共30台") == 1.0


def test_bm25_terms_are_spelled_as_the_index_spells_them():
    groups = (
        Group("humanoid", {"人形机": 1.0, "人": 1.0}),
        Group("1.2 million", {"120万": 1.0}),
        Group("robots", {"humanoid robots": 0.5}),
    )
    weighted = bm25_terms(groups)
    assert set(weighted) == {"人形", "形机", "人", "120", "humanoid", "robots"}
    assert set(weighted) <= set(terms("人形机 120万 humanoid robots"))
    assert weighted["人"] < weighted["人形"] < 1


def test_covering_a_hundred_passages_takes_two_milliseconds():
    groups = tuple(
        Group(str(k), dict.fromkeys(alts, 1.0), 1.0, tuple((a, 1.0) for a in alts))
        for k in range(12)
        for alts in [[f"{chr(0x4E00 + 97 * k + j)}{chr(0x5E00 + j)}" for j in range(6)]]
    )
    passages = ["".join(chr(0x4E00 + (17 * n * i) % 9000) for i in range(300)) for n in range(100)]
    taken = []
    for _ in range(5):
        start = time.process_time()
        for passage in passages:
            coverage(groups, passage)
        taken.append(time.process_time() - start)
    assert min(taken) < 0.01  # 2 ms on an idle core; five times that on a busy machine


@pytest.mark.parametrize(
    ("question", "term"),
    [
        ("松言动力7月交付多少台?", "松延"),
        ("俱身智能是什么?", "具身"),
        ("机器人创了纪路吗?", "纪录"),
        ("Unitre发布了什么?", "unitree"),
    ],
)
def test_a_misspelt_question_finds_what_was_meant(question, term, chinese):
    respelt = respellings(question, chinese)
    assert term in respelt
    assert all(0 < weight <= 1 for weight in respelt.values())


@pytest.mark.parametrize(
    "question",
    ["具身智能产业规模有多大?", "北京机器人产业怎么样?", "How many drones?", "", "Tesla?"],
)
def test_a_well_spelt_question_is_left_alone(question, chinese):
    assert respellings(question, chinese) == {}


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        (
            "记者从北京经济技术开发区（简称“北京经开区”、亦庄）获悉，",
            {("北京经济技术开发区", "北京经开区")},
        ),
        ("国际奥委会（IOC）今天开会。国际奥委会表示", {("国际奥委会", "IOC")}),
        ("斯鲁利单抗（H药）获批，斯鲁利单抗已在多国上市。", {("斯鲁利单抗", "H药")}),
        ("瑞幸咖啡（Luckin Coffee）发布财报。", {("瑞幸咖啡", "Luckin Coffee")}),
        (
            "贸易协定，区域全面经济伙伴关系协定（RCEP）生效。",
            {("区域全面经济伙伴关系协定", "RCEP")},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_article_states_other_names(text, pairs):
    assert pairs <= set(aliases(text))


@pytest.mark.parametrize(
    "text",
    [
        "股价（JPM.US）上涨。",
        "甲公司（以下简称“公司”）公告。",
        "他说（笑）不会。",
        "图为现场（图）。",
        "增长5%（去年为3%）。",
        "",
    ],
)
def test_what_is_no_name_gives_no_pair(text):
    assert aliases(text) == ()


def test_a_question_is_widened_by_the_other_name_both_ways():
    pairs = [("斯鲁利单抗", "H药"), ("国际奥委会", "IOC")]
    assert found(expand("H药获批了吗?", pairs)) == {"斯鲁利单抗"}
    assert found(expand("斯鲁利单抗获批了吗?", pairs)) == {"h药"}
    assert expand("BIOCHEMISTRY 获批了吗?", pairs) == ()


def test_a_widened_question_covers_the_passage():
    groups = expand("H药获批了吗?", [("斯鲁利单抗", "H药")])
    assert coverage(groups, fold(CHINESE[6])) == pytest.approx(0.8)
    assert "鲁利" in bm25_terms(groups)


def test_damaged_weights_say_so(tmp_path, monkeypatch):
    (tmp_path / "english.txt.xz").write_bytes(b"no xz")
    monkeypatch.setattr(words, "WEIGHTS", tmp_path)
    words.entries.cache_clear()
    try:
        with pytest.raises(ModelError, match="install Youju again"):
            words.entries("english")
    finally:
        words.entries.cache_clear()


def test_importing_reads_no_weights():
    code = "import rag.lexicon.words as w, rag.lexicon; print(w.entries.cache_info().misses)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "0"
