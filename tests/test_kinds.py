"""What kind of answer is asked for, and what fits it."""

from __future__ import annotations

import pytest

from rag.kinds import asked_kind, fit


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("松延动力7月交付多少台?", "number"),
        ("运动会开了几天?", "number"),
        ("How many robots were delivered?", "number"),
        ("大会是什么时候开的?", "time"),
        ("哪一年成立的?", "time"),
        ("When did it open?", "time"),
        ("谁说的?", "person"),
        ("比赛在哪儿办的?", "place"),
        ("为什么要试点?", "reason"),
        ("哪家公司做的?", "which"),
        ("软骨损伤能逆转吗?", "whether"),
        ("拿到的时候付钱了没有?", "whether"),
        ("是不是头一个示范区?", "whether"),
        ("Did they pay for it?", "whether"),
        ("他没有说谁?", "person"),
        ("总金额是谁公布的?", "person"),
        ("价格最高的是哪家公司?", "which"),
        ("前后立了好几份遗嘱，以哪份算数?", "which"),
        ("那几个人是谁?", "person"),
        ("那几个小孩几岁?", "number"),
        ("交易的总金额?", "number"),
        ("有哪些比赛项目?", "list"),
        ("是哪几家一起组建的?", "list"),
        ("推动哪四种创新?", "list"),
        ("哪几天开的?", "time"),
        ("天工是什么?", ""),
        ("那個菜販子叫甚麼名字?", "person"),
        ("写信的班主任叫什么?", "person"),
        ("踢球的俱乐部叫什么?", "which"),
        ("这个菜谱会是啥時候辦起來的?", "time"),
        ("台长怎么形容山里的情况?", "said"),
        ("What did the baker say about the fares?", "said"),
        ("为啥不肯握手?", "reason"),
        ("借手表是为了啥?", "reason"),
        ("公司搞这些图什么?", "reason"),
        ("营收涨了咋还亏?", "reason"),
        ("那场大雨是咋引起的?", "reason"),
        ("他用什么理由请的假?", "reason"),
        ("主机卖得差，微软怪啥?", "reason"),
        ("How come the twins lost touch?", "reason"),
        ("What caused the landslide?", "reason"),
        ("What rule did they make because too many came?", ""),
        ("阿閦佛又称之为什么?", ""),
        ("这块地后来改为什么?", ""),
        ("过敏表现为什么?", ""),
        ("那张地图什么时候发布?", "time"),
        ("贷款怎么还款?", ""),
        ("毕业生怎么就业?", ""),
        ("What was he doing when he veered off?", ""),
        ("How old was he when he pulled out?", "number"),
        ("When he retired, when did the shop close?", "time"),
        ("When did it close, and how long was it open?", "time"),
        ("How do police stop teenagers who swim alone?", ""),
        ("Which film is about a man who turns invisible?", "which"),
        ("Who is the man who won?", "person"),
        ("孩子烧到多少度要去医院?", "number"),
        ("加时比分是多少?", "number"),
        ("How often did typhoons land there?", "number"),
        ("What should drivers do before the price change?", ""),
        ("What did the ticket cost?", "number"),
        ("From which top floor did they look over the area?", ""),
    ],
)
def test_the_kind_of_a_question_is_told(question, name):
    assert asked_kind(question).name == name


@pytest.mark.parametrize(
    ("question", "better", "worse"),
    [
        ("交付了多少台?", "105台", "松延动力"),
        ("交付了多少台?", "105台", "57家"),
        ("交付了多少台?", "105台", "2025世界"),
        ("总金额多少?", "超500亿美元", "超90笔"),
        ("How much is the deal worth?", "125亿美元", "超90笔"),
        ("值多少钱?", "约60亿美元", "81.5万户次企业"),
        ("营收涨了多少?", "50%", "57家"),
        ("民营经济占比多少?", "五成", "600余家"),
        ("什么时候开幕?", "8月8日", "松延动力"),
        ("是哪年哪月去的?", "2015年9月", "2024年"),
        ("是几月几号开的?", "8月8日", "8月"),
        ("谁公布的?", "姜广智", "57家"),
        ("在哪里办的?", "北京亦庄", "2025年8月"),
        ("哪所大学参与?", "犹他大学", "美国研究人员"),
        ("能办哪些事?", "销售、展示、维修", "机器人4S店"),
        ("等了多久?", "4.6天", "71%"),
        ("How long was he in the job?", "97 days", "13 matches"),
        ("老人多大年纪?", "72岁", "35年"),
        ("比分是多少?", "118比115", "31分"),
        ("考了多少分?", "51.8分", "34127名"),
        ("谁公布的?", "骆潜", "南瓜粥是"),
        ("Who ran it before?", "Marta Ilves", "manager"),
        ("How many drones were sent?", "11架", "120名"),
        ("How many college students ran it?", "8名", "3所"),
        ("How many countries took part?", "over 120 countries", "over 120 visitors"),
        ("How many officers were arrested?", "eighteen", "a police station"),
        ("When was the oil field hit?", "Sept. 14", "an oil field"),
        ("Which body issued the measures?", "陕西省安委办", "《若干措施》"),
        ("At which dog park was it?", "Dusty Rhodes dog park", "California"),
        ("Which colours does it use?", "blue and green", "blue"),
        ("How many people came to the forum?", "上千名", "百余场"),
        ("By how much did profit go up?", "40.96%", "7444.45万元"),
        ("What is the wheelbase of the car?", "2420mm", "318元"),
        ("How long is the rail route?", "全程1164公里", "约31个小时"),
        ("困在脚手架上的人困了多久?", "17个小时", "上百人"),
        ("一共收了多少病人?", "1264人", "近一半"),
        ("前7月发了多少债?", "671亿元", "99只"),
        ("几点升空?", "14:35", "7月14日"),
        ("干预组占受试者多少?", "一半人", "至少20分钟"),
        ("是哪家药企的药?", "亚盛医药", "美国FDA孤儿药"),
        ("哪家媒体说的?", "美国全国广播公司", "特朗普接受媒体"),
        ("在哪家医院?", "霁州医科大学附属二院", "全国19家医院"),
        ("Which park was he picked up near?", "市区中山公园", "阳江公安"),
        ("Which picture book did they read?", "《我的情绪小怪兽》", "夏日读书天"),
        ("那個菜販子叫甚麼名字?", "车少坤", "碗口大"),
        ("那個菜販子叫甚麼名字?", "菜贩车少坤", "碗口大"),
        ("哪位老师不同意?", "龙若川", "四人"),
        ("五年期的利息比三年期高吗?", "五年期利率仍然低于三年期", "比去年少了8400元"),
        ("唱了哪几首?", "《爱相随》《让我欢喜让我忧》", "《爱相随》"),
    ],
)
def test_an_answer_of_the_kind_asked_for_fits_better(question, better, worse):
    kind = asked_kind(question)
    assert fit(kind, better, "") > fit(kind, worse, "")


def test_a_number_in_the_unit_of_another_question_hardly_fits():
    assert fit(asked_kind("转移了几个人?"), "6艘", "") == -1
    assert fit(asked_kind("转移了几个人?"), "6", "") == 0


def test_english_puts_a_comma_before_the_quotation_ends():
    kind = asked_kind("What did the author say about pouches?")
    assert fit(kind, "Phones do not explain the marks", '," said') > fit(kind, "said Starling", ".")


def test_a_general_classifier_rules_no_unit_out():
    assert fit(asked_kind("低剂量组有几个?"), "21人", "") == 0


@pytest.mark.parametrize(
    ("question", "several"),
    [
        ("夏天和冬天各要多久?", True),
        ("从多少降到多少?", True),
        ("要打几针,隔多长时间?", True),
        ("How many came, and where did they stay?", True),
        ("交付多少台?", False),
        ("什么时候开的?", False),
    ],
)
def test_a_question_for_two_things_is_told(question, several):
    assert asked_kind(question).several is several


def test_what_is_counted_may_follow_the_number():
    kind = asked_kind("在多少个场景里首试首用?")
    assert fit(kind, "134个", "场景里首") > fit(kind, "11个", "领域13")


def test_a_question_of_no_clear_kind_lets_every_answer_pass():
    assert fit(asked_kind("天工是什么?"), "机器人", "") == 0
