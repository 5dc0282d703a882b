"""rag.dialogue: follow-ups get their subject; questions that stand alone are left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.dialogue import antecedent, in_context, instead, leans, plain, resolved, standalone

DELIVERED = ("松延动力7月交付多少台?", "105台")


@pytest.mark.parametrize(
    "question",
    [
        pytest.param("8月的目标呢？", id="呢"),
        pytest.param("那8月的目标是多少台？", id="那"),
        pytest.param("它的创始人是谁？", id="它"),
        pytest.param("这家公司在哪里？", id="这家"),
        pytest.param("多少台？", id="short"),
        pytest.param("What about August?", id="what about"),
        pytest.param("Who founded it?", id="it"),
    ],
)
def test_a_follow_up_leans_on_what_went_before(question):
    assert leans(question)


@pytest.mark.parametrize(
    "question",
    [
        pytest.param("全球首个人形机器人运动会在哪里举行？", id="Chinese"),
        pytest.param("Where were the robot games held in 2025?", id="English"),
        pytest.param("北京有多少家机器人企业？", id="count"),
        pytest.param("创新药的审批有哪些新动向？", id="list"),
    ],
)
def test_a_whole_question_stands_alone(question):
    assert not leans(question)
    assert standalone(question, [DELIVERED]) == question


def test_a_follow_up_gets_the_subject_of_the_turn_before():
    assert standalone("那8月的目标呢？", [DELIVERED]) == "松延动力 交付 台 那8月的目标呢？"


def test_a_date_in_the_follow_up_replaces_the_earlier_one():
    asked = standalone("8月呢？", [DELIVERED])
    assert "松延动力" in asked
    assert "7月" not in asked


def test_a_chain_of_follow_ups_keeps_its_first_subject():
    history = [DELIVERED, ("8月的目标呢？", "200台")]
    assert "松延动力" in standalone("9月呢？", history)


def test_an_english_follow_up_gets_the_words_of_the_turn_before():
    asked = standalone("How about women?", [("How many athletes won medals?", "12")])
    assert "athletes" in asked
    assert "many" not in asked


def test_without_history_a_question_is_left_as_it_is():
    assert standalone("它呢？", []) == "它呢？"


def test_a_history_without_a_subject_adds_nothing():
    assert standalone("它呢？", [("？", "")]) == "它呢？"


@given(st.text(), st.lists(st.tuples(st.text(), st.text()), max_size=4))
def test_the_question_itself_is_always_kept(question, history):
    assert standalone(question, history).endswith(question)


@pytest.mark.parametrize(
    ("question", "kept"),
    [
        pytest.param("您好，请问一下7月交付多少台？谢谢您！", "7月交付多少台", id="both"),
        pytest.param("請問會長是誰？謝謝", "會長是誰", id="Traditional"),
        pytest.param("麻烦帮我查一下谁是会长", "谁是会长", id="a favour"),
        pytest.param("我想了解一下产量", "产量", id="a wish"),
        pytest.param(
            "Hello, could you please tell me who won? Thank you!", "who won", id="English"
        ),
        pytest.param("拜托了！7月多少？", "7月多少？", id="an appeal"),
    ],
)
def test_what_is_only_polite_is_left_out(question, kept):
    assert plain(question) == kept


@pytest.mark.parametrize(
    "question",
    [
        "请愿书是谁写的？",
        "感谢信写给谁？",
        "他感谢谁？",
        "要知道的是什么？",
        "谁对大家说了谢谢？",
        "“请问”是什么意思",
        "pleased customers?",
        "What did he thank you for?",
        "谢谢",
        "Hi",
        "",
    ],
)
def test_words_that_matter_stay(question):
    assert plain(question) == question


def test_what_a_follow_up_asks_is_told_without_the_turn_before():
    asked = in_context("它的董事长是谁？", [DELIVERED])
    assert "松延动力" in asked.whole
    assert asked.own == "它的董事长是谁？"
    assert asked.told == ("105台",)


def test_a_follow_up_without_question_word_is_read_with_the_turn_before():
    assert in_context("8月的目标呢？", [DELIVERED]).own == "松延动力交付多少台? 8月的目标呢？"


def test_a_question_of_few_words_leans_and_one_that_describes_its_subject_does_not():
    assert leans("哪些药不给拆？")
    assert not leans("那家一分钱没付就用上华北电力大学储氢成果的氢能存储企业叫什么？")


def test_a_question_that_stands_alone_may_have_the_answer_given_before():
    assert in_context("全球首个人形机器人运动会在哪里举行？", [DELIVERED]).told == ()


def test_of_an_answer_with_its_quotation_only_the_answer_was_told():
    whole = "105台 [1] [2]\n\n7月交付105台，8月的目标是200台！ [1]"
    assert in_context("8月的目标呢？", [("松延动力7月交付多少台?", whole)]).told == ("105台",)
    glossed = "125亿美元 (12.5 billion US dollars) [1]"
    assert in_context("It is from when?", [("How much is it?", glossed)]).told == ("125亿美元",)


WON = ("首轮谁得票最多？", "桑蒂·莫雷")


@pytest.mark.parametrize(
    ("question", "history", "name"),
    [
        pytest.param("他得了多少票？", [WON], "桑蒂·莫雷", id="a person"),
        pytest.param("它有多深？", [("最难的是哪一处？", "引水竖井")], "引水竖井", id="a thing"),
        pytest.param("How old is she?", [("Who won?", "Rhona Pett")], "Rhona Pett", id="she"),
        pytest.param("他几岁？", [WON, ("他得了多少票？", "38.7%")], "桑蒂·莫雷", id="turns ago"),
        pytest.param("它几岁？", [WON], "", id="a person is no thing"),
        pytest.param("他几岁？", [("交付多少台？", "105台")], "", id="a figure is no name"),
        pytest.param("第二名是谁？", [WON], "", id="no pronoun"),
        pytest.param("他几岁？", [("是谁？", "文章里没有提到“特斯拉”。")], "", id="a refusal"),
    ],
)
def test_a_pronoun_stands_for_the_name_that_was_answered(question, history, name):
    assert antecedent(question, history) == name


def test_a_follow_up_is_searched_and_read_with_the_name_for_its_pronoun():
    asked = in_context("他得了多少票？", [WON])
    assert "桑蒂·莫雷" in asked.whole
    assert asked.own == "桑蒂·莫雷得了多少票？"


@pytest.mark.parametrize(
    ("question", "read"),
    [
        pytest.param("那他几岁？", "那莫雷几岁？", id="after 那"),
        pytest.param("What is his age?", "What is 莫雷's age?", id="his"),
        pytest.param("谁答应了他？", "谁答应了他？", id="not at the end"),
        pytest.param("其他人呢？", "其他人呢？", id="a part of a word"),
    ],
)
def test_a_name_is_read_where_the_pronoun_begins_or_owns(question, read):
    assert resolved(question, "莫雷") == read


@pytest.mark.parametrize(
    ("before", "question", "other"),
    [
        pytest.param("电站总投资多少？", "装机呢？", ("电站总装机多少？",), id="attribute"),
        pytest.param("他为什么推掉第一张订单？", "第二张呢？", (), id="a reason is told at length"),
        pytest.param("How much is it?", "And the rest?", (), id="English"),
        pytest.param("去年交付多少台？", "今年呢？", (), id="a time is no attribute"),
    ],
)
def test_x_may_stand_for_the_attribute_that_was_asked(before, question, other):
    assert instead(before, question) == other


def test_a_traditional_question_word_is_one():
    asked = in_context("他們的病情屬於什麼程度?", [("有多少名患者?", "68名")])
    assert asked.own == "他們的病情屬於什麼程度?"
