"""rag.reckoned: what follows from what a text tells, and when nothing is to be reckoned."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.chunks import sentences
from rag.citations import cited
from rag.claims import Claim, evidence
from rag.reckoned import reckon, with_reckoned
from rag.reckoned.amounts import amounts, shared_unit, written
from rag.types import Article, Hit, Run, Source, Span, essence


def article(text: str, published: str | None = None) -> Article:
    return Article("a", "a.txt", text, (Run(0, 0, len(text)),), published=published)


def reckoned(question: str, text: str, published: str | None = None) -> str | None:
    """What is reckoned from the first sentence that gives something."""
    page = article(text, published)
    found = (reckon(question, page, sentence) for sentence in sentences(text))
    return next((f.text for f in found if f is not None), None)


OTHER_VALUE = [
    ("2022年计划招多少人?", "全市普通高中计划招生20840人，比2022年增加1260人。", "19580人"),
    ("以前走老办法一吨运费多少钱?", "运费每吨187元，比原来便宜23元，时间缩短两天。", "210元"),
    ("保证水位是多少米?", "最高水位30.87米，低于保证水位0.43米。", "31.3米"),
    ("2021年用时多久?", "冠军用时7小时02分，比2021年减少14分钟。", "7小时16分"),
    ("射手榜头名进了多少个球?", "他26场打进17球，落后榜首的外援两球。", "19球"),
    ("一月份做了多少标准箱?", "2月完成19.6万标准箱，比1月少2.6万标准箱。", "22.2万标准箱"),
    ("三年期利率是多少?", "五年期利率1.55%，比三年期低0.4个百分点。", "1.95%"),
    ("调价前每立方米多少钱?", "每立方米水价比调价前上调0.35元，为3.85元。", "3.5元"),
    ("之前票价多少钱?", "票价上调5元至60元。", "55元"),
    ("去年同期来了多少人次?", "假期接待游客约8.6万人次，较去年同期增加1.2万人次。", "约7.4万人次"),
    ("常年平均降雨多少毫米?", "今年平均降雨412毫米，比常年平均多87毫米。", "325毫米"),
    ("对手全场跑了多少公里?", "海燕全队跑动118.6公里，比对手多7.3公里。", "111.3公里"),
    ("What was the ticket price before?", "The ticket price rises by six dollars to $88.", "$82"),
    ("How many concerts were there last year?",
     "The season has 38 concerts, five more than last year.", "33 concerts"),
    ("What were sales in 2023?", "Sales were $96m, up $8m on 2023.", "$88m"),
    ("How many were hurt in 2019?", "The fire hurt 41 people, 6 fewer than in 2019.", "47 people"),
]  # fmt: skip
CHANGE = [
    ("床位补贴提高了多少?", "床位的建床费补贴由每张2000元提高到2600元。", "600元"),
    ("近视率下降了多少?", "小学生近视率由41.2%下降到38.7%。", "2.5个百分点"),
    ("车程缩短了多少分钟?", "两地车程从75分钟缩短到48分钟。", "27分钟"),
    ("By how much was the fare raised?", "The fare was raised from £2.40 to £3.10.", "£0.7"),
]
REST = [
    ("台风后还有多少户没来电?", "台风中6.4万户停电，其中3.9万户已经恢复。", "2.5万户"),
    ("前三节拿了几分?", "全场他得到31分，其中末节和加时20分；外援34分。", "11分"),
    ("男队员有多少人?", "代表团共48人，其中女队员20人。", "28人"),
    ("还有多少个小区没改造?", "今年计划改造120个小区，目前已完成85个。", "35个"),
    ("公众募捐还差多少英镑?", "The remaining £1.3m is to come from a public appeal that has so far "
     "raised £212,000.", "£1.088m"),
    ("What share went to home storage?", "Bus makers took 62 per cent, ferries 21 per cent and "
     "home storage the rest.", "17 per cent"),
    ("船用占多少?", "客车用占62%，储能占21%，其余为船用。", "17%"),
]  # fmt: skip
SUM = [
    ("三张订单合起来多少钱?", "第一张最大，2600万元；第二张1100万元，要垫模具费；第三张800万元。",
     "4500万元"),
    ("前后一共能补多少?", "一次性补贴3000元，在本市干满三年再补5000元。", "8000元"),
    ("东村和西村一共栽了多少棵?", "东村栽了320棵，西村栽了410棵。", "730棵"),
    ("How much was raised in total?", "The council gave £180,000, and a brewery £45,000; savings "
     "covered the remaining £70,000.", "£295,000"),
]  # fmt: skip
BEGUN = [
    ("In what year was she born?", "She never married and died in 1979, aged 74.", "1904 or 1905"),
    ("老人哪年出生?", "老人2019年病逝，享年81岁。", "1937年或1938年"),
    ("学校是哪年建校的?", "2024年是这所学校建校60周年。", "1964年"),
]


@pytest.mark.parametrize(
    ("question", "text", "answer"),
    [*OTHER_VALUE, *CHANGE, *REST, *SUM, *BEGUN],
    ids=lambda value: value[:16],
)
def test_what_follows_from_the_text_is_reckoned(question, text, answer):
    assert reckoned(question, text) == answer


STATED = [
    # the value asked for is the one that is told
    ("今年计划招多少人?", "今年计划招生20840人，比2022年增加1260人。"),
    ("现在每吨多少钱?", "运费每吨187元，比原来便宜23元。"),
    ("最高水位是多少米?", "最高水位30.87米，低于保证水位0.43米。"),
    ("2月完成多少标准箱?", "2月完成19.6万标准箱，比1月少2.6万标准箱。"),
    ("海燕跑了多少公里?", "海燕全队跑动118.6公里，比对手多7.3公里。"),
    ("How many concerts are there this year?",
     "The season has 38 concerts, five more than last year."),
    # so is the difference
    ("比2022年增加多少人?", "计划招生20840人，比2022年增加1260人。"),
    ("便宜了多少钱?", "运费每吨187元，比原来便宜23元。"),
    ("票价涨了多少?", "票价由50元涨到60元，涨了10元。"),
    ("水位比保证水位低多少?", "最高水位30.87米，低于保证水位0.43米。"),
    ("青堰站超警戒水位是多少米?", "洪峰水位28.64米，超警戒水位1.14米。"),
    # and the other value too
    ("去年来了多少人?", "今年来了860人，比去年多120人，去年是740人。"),
    ("老馆去年来了多少人?", "开馆头一周来了4.6万人，超过老馆去年全年的3.9万人。"),
    ("停电的还有多少户没恢复?", "6.4万户停电，其中3.9万户已经恢复，还有2.5万户没有来电。"),
    ("男队员有多少人?", "代表团共48人，其中男队员28人，女队员20人。"),
    ("一共投资多少?", "一期投资3亿元，二期再投2亿元，总投资5亿元。"),
    ("补贴原来是多少?", "建床费补贴由2000元提高到2600元。"),
    ("补贴提高到多少?", "建床费补贴由2000元提高到2600元。"),
]  # fmt: skip
ANOTHER = [
    # another time, or thing, than the text compares with
    ("2021年计划招多少人?", "计划招生20840人，比2022年增加1260人。"),
    ("前年来了多少人?", "今年来了860人，比去年多120人。"),
    ("3月完成多少标准箱?", "2月完成19.6万标准箱，比1月少2.6万标准箱。"),
    ("警戒水位是多少米?", "最高水位30.87米，低于保证水位0.43米。"),
    ("7月20日有多少户?", "截至7月31日有8802户，较7月10日减少330户。"),
    ("本来打算招多少人?", "计划招生20840人，比2022年增加1260人。"),
    ("女队员有多少人?", "代表团共48人，其中女队员20人。"),
    ("已经改造了多少个小区?", "今年计划改造120个小区，目前已完成85个。"),
    ("四张订单合起来多少钱?", "第一张2600万元；第二张1100万元；第三张800万元。"),
    # a unit, or a kind, that does not fit
    ("以前要走几天?", "运费每吨187元，比原来便宜23元。"),
    ("去年谁来了?", "今年来了860人，比去年多120人。"),
    ("去年收入多少?", "全年收入3.2亿元，比去年增长12%。"),
    ("去年占多少?", "占比15%，比去年低3%。"),
    ("以前为什么便宜?", "运费每吨187元，比原来便宜23元。"),
    # a difference too fine for the value
    ("上期有多少户?", "股东户数2.8万户，比上期减少260户。"),
    # nothing to reckon with
    ("老人哪年出生?", "老人2019年搬到城里，今年81岁。"),
    ("When was he born?", "He left in 1979 and came back in 1990."),
    ("How many are still to be delivered?", "总面积12083亩，其中已建9555亩。"),
    ("何时成立?", "协会2024年开会，30周年纪念活动很多。"),
]  # fmt: skip


@pytest.mark.parametrize(("question", "text"), [*STATED, *ANOTHER], ids=lambda value: value[:16])
def test_nothing_is_reckoned_where_the_text_tells_it_or_tells_of_another(question, text):
    assert reckoned(question, text) is None


def test_last_year_is_reckoned_from_the_date_of_publication():
    text = "全年出版图书860种，比去年多120种。"
    assert reckoned("2023年出版多少种?", text, "2024-12-30") == "740种"
    assert reckoned("2022年出版多少种?", text, "2024-12-30") is None
    assert reckoned("2023年出版多少种?", text) is None


def claim(page: Article, words: str, score: float) -> Claim:
    """A claim of words that stand in an article."""
    at = page.text.find(words)
    return Claim(words, score, ((page, Span(at, at + len(words))),), 0, (score,))


def test_what_is_reckoned_comes_first_and_is_as_likely_as_what_it_is_reckoned_from():
    page = article("运费每吨187元，比原来便宜23元。")
    read = [claim(page, "187元", 3.0), claim(page, "23元", 1.0)]
    first, *others = with_reckoned("原来运费多少钱?", read)
    assert (first.text, first.shown, first.score) == ("210元", "187元 + 23元", 3.0)
    assert others == read
    passage = Hit(1, page, Span(0, len(page.text)), (), 1.0)
    alone = evidence("原来运费多少钱?", read, [passage])
    together = evidence("原来运费多少钱?", [first, *others], [passage])
    assert together == replace(alone, composed=True)


def test_what_the_article_prints_elsewhere_is_not_reckoned():
    page = article("运费每吨187元，比原来便宜23元。\n老办法每吨210元。")
    read = [claim(page, "187元", 3.0)]
    assert with_reckoned("原来运费多少钱?", read) == read


def test_all_parts_are_cited_each_in_its_sentence():
    text = "第一张2600万元。第二张\n1100万元；第三张800万元。"
    page = article(text)
    words = ("2600万元", "800万元")
    places = tuple((page, Span(text.find(w), text.find(w) + len(w))) for w in words)
    whole = replace(claim(page, "800万元", 1.0), places=places, parts=places)
    found = cited(whole, (), lambda name: Source(name, text))
    assert [c.marker for c in found] == [1, 2]
    assert ["".join(text[a:b] for a, b in c.answer_spans) for c in found] == ["2600万元", "800万元"]
    for one in found:
        assert essence("".join(text[a:b] for a, b in one.spans)) == essence(one.quote)


APART = [
    article("截至7月10日20时，全市倒塌房屋29间。", "2024-07-11"),
    article("截至7月11日12时，全市倒塌房屋34间。", "2024-07-12"),
]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("倒塌的房屋从10号晚到11号中午多了几间?", "5间"),
        ("11日比10日多倒了多少间?", "5间"),
        ("从10号到11号少了几间?", "34间"),
        ("从9号到11号多了几间?", "34间"),
        ("11日倒了多少间?", "34间"),
    ],
    ids=lambda value: value[:16],
)
def test_two_reports_differ_by_what_their_times_set_against_each_other(question, answer):
    read = [claim(APART[1], "34间", 3.0), claim(APART[0], "29间", 1.0)]
    best = with_reckoned(question, read)[0]
    assert best.text == answer
    assert [page.published for page, _ in best.places] == (
        ["2024-07-12", "2024-07-11"] if answer == "5间" else ["2024-07-12"]
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("6.4万户停电", [("64000", "户")]),
        ("用时7小时02分", [("25320", "时长")]),
        ("raised £1.3m of $2 billion", [("1300000", "英镑"), ("2000000000", "美元")]),
        ("五成以上，百分之二十", [("20", "%")]),
        ("2022年7月20日20时50分，第3名，5G，8至9人，118比115，成绩18米90", []),
        ("一个问题，十分重要", []),
    ],
)
def test_amounts_are_told_from_dates_clocks_editions_ranges_and_scores(text, found):
    assert [(f"{a.value:f}".removesuffix(".0"), a.unit) for a in amounts(text)] == found


@pytest.mark.parametrize(
    ("one", "other", "rest"),
    [
        ("1.2亿元", "3000万元", "9000万元"),
        ("约20人", "5人", "约15人"),
        ("20人", "约5人", "约15人"),
        ("2小时10分钟", "15分钟", "1小时55分钟"),
        ("12,500人", "1,000人", "11,500人"),
    ],
)
def test_what_is_reckoned_is_written_like_its_parts(one, other, rest):
    a, b = (amounts(text)[0] for text in (one, other))
    assert written(a.value - b.value, a, shared_unit(a, b) or "", [a, b]) == rest


def test_a_sum_of_money_is_not_reckoned_where_a_rate_is_asked_for():
    text = "20万元存三年，到期利息10500元，比三年前少了8400元。"
    assert reckoned("三年前存的时候利率是多少?", text) is None
    assert reckoned("三年前到期利息是多少?", text) == "18900元"
