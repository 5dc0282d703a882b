"""rag.articles.lines and what is told of headlines: bylines of every form, headlines in two lines,
captions between two stories, columns of short news."""

import pytest

from rag.articles import split_articles
from rag.articles.evidence import names_column
from rag.articles.kinds import is_common
from rag.articles.lines import find_lines
from rag.repair import repair
from rag.types import Source

KNEE = "一项新研究显示，调整步态训练可以减轻膝关节疼痛。参与者走路时稍微转动脚尖，疼痛明显下降。"
GAMES = "全球首个人形机器人运动会在北京拉开帷幕，280支队伍参加比赛，障碍赛引发全场欢呼。"


def kinds(*lines: str) -> list[str]:
    raw = "\n\n".join(lines)
    return [line.kind for line in find_lines(raw, repair(raw))]


@pytest.mark.parametrize(
    "byline",
    [
        "本报记者 董素玉",
        "评论员 刘玉若",
        "李静芳（教师）",
        "李强（市民）",
        "董素玉",
        "向晚",
        "统文",
        "编译 步云飞",
        "读者 陈晓明",
        "口述：童掌柜 整理：卓远",
        "本报记者 李明 摄影 王强",
        "記者 簡立恆／報導",
    ],
)
def test_who_signs_below_a_headline_is_a_byline(byline):
    assert kinds("调整步态训练减轻膝痛", byline, KNEE) == ["head", "byline", "body"]


@pytest.mark.parametrize(
    "words",
    ["深入", "推进", "采访报道的外国记者表示，中国", "by Yemeni President Hady. In", "读者来信"],
)
def test_words_of_a_sentence_are_no_byline(words):
    assert "byline" not in kinds("调整步态训练减轻膝痛", words, KNEE)


def test_an_english_writer_with_an_office_is_a_byline():
    told = kinds("Drug cuts risk", "Ines Groat, health reporter", "The drug was tested for years.")
    assert told == ["head", "byline", "body"]


def test_a_byline_between_blank_lines_is_not_joined_to_what_stands_around_it():
    raw = "1月发展指数\n创最大升幅\n\n\n评论员 刘玉若\n\n\n协会今天发布指数，比去年回升。"
    assert "评论员 刘玉若" in repair(raw).text.split("\n")


def test_a_dateline_is_not_joined_to_the_line_above_it():
    raw = "银行净资产一季度流失\n\n本报成都6月13日讯 调度显示，\n小麦面积达2.67亿亩。"
    assert repair(raw).text.split("\n")[1].startswith("本报成都")


@pytest.mark.parametrize(
    ("title", "wanted"),
    [
        ("短讯", True),
        ("转会窗动态", True),
        ("未来三天天气", True),
        ("News in brief", True),
        ("信息技术走进课堂", False),
        ("全国首个人形机器人运动会在京闭幕的消息", False),
    ],
)
def test_the_name_of_a_column_is_told(title, wanted):
    assert names_column(title) is wanted


def test_a_caption_under_a_headline_goes_with_the_story_it_tells_of():
    raw = "\n\n".join(
        [
            "调整步态训练减轻膝痛",
            "本报记者 董素玉",
            KNEE,
            "人形机器人运动会开幕",
            "本报记者 张晓洁",
            "8月16日，机器人在障碍赛中。本报记者 李明 摄",
            GAMES,
        ]
    )
    games = split_articles(Source("a.txt", raw))[1]
    assert games.title == "人形机器人运动会开幕"
    assert "障碍赛中。" in games.text


def test_characters_that_news_is_full_of_are_known():
    assert is_common("冲", "突")
    assert not is_common("璐", "深")


PLAN = "松江新区管委会昨天公布产业规划，到2030年建成12个园区。首批3个园区已经动工，明年交付。"
TRAM = "The tram line slips to 2028, the council said on Monday. It blamed water in the tunnel."
ROBOTS = "Three robots that kill weeds saved growers four hours a day. Each cost $94, they said."


def test_bylines_below_all_stories_are_theirs():
    lines = ("Tram slips to 2028", TRAM, "By Mo Vale", "Robots earn their keep", ROBOTS, "Report by Al Dray")  # noqa: E501
    assert kinds(*lines).count("closing") == 2
    tram, robots = split_articles(Source("a.txt", "\n\n".join(lines)))
    assert (tram.title, tram.byline) == ("Tram slips to 2028", "By Mo Vale")
    assert (robots.title, robots.byline) == ("Robots earn their keep", "Report by Al Dray")


def test_a_byline_below_a_headline_closes_nothing():
    assert "closing" not in kinds("Tram slips to 2028", "By Mo Vale", TRAM, "By Al Dray")


def test_a_question_to_one_who_is_asked_is_no_byline():
    assert "byline" not in kinds("记者：有好几份遗", "记者：年轻人写些")
    assert kinds("遗嘱听谁的", "记者：王静", KNEE)[1] == "byline"


def test_the_end_of_a_headline_in_capitals_is_no_name():
    told = kinds("Women's Field Hockey, Setting Up", "Showdown With Britain", TRAM)
    assert told == ["head", "head", "body"]


def test_initials_end_no_sentence():
    assert kinds("U.S. Wins 4th Straight", TRAM) == ["head", "body"]


def test_what_a_page_prints_twice_is_furniture():
    told = kinds("青屿周末", "调整步态训练减轻膝痛", KNEE, "青屿周末", "园区规划公布", PLAN)
    assert told == ["furniture", "head", "body", "furniture", "head", "body"]


def test_long_pieces_under_one_mark_are_text_and_a_photographed_one_is_a_caption():
    told = kinds("短波", f"▲{KNEE}", f"▲{PLAN}", "▲图为机器人走过碎石路。本报记者 李明 摄")
    assert told == ["head", "body", "body", "caption"]


def test_a_subtitle_behind_a_dash_is_no_signature():
    assert kinds("充电桩下乡", "——桩企一同参加下乡 工业信息化部表示", KNEE)[1] == "head"


def test_a_name_under_a_headline_is_a_byline_though_furniture_stands_between():
    told = kinds("调整步态训练减轻膝痛", "要闻", "徐文洁", KNEE)
    assert told == ["head", "furniture", "byline", "body"]


@pytest.mark.parametrize(
    "line",
    [
        "（下转第4版）",
        "上接第1版",
        "▶▶▶下转8版",
        "本版责编：王伟 李强",
        "版面编辑：周一梅 电话：010-18181818",
        "8月16日 星期六",
        "国内统一连续出版物号 CN 11-0065",
        "2025.8.16",
        "www.example.cn",
    ],
)
def test_what_the_page_says_of_itself_is_furniture_and_stays_apart(line):
    raw = f"{KNEE[:24]}\n{KNEE[24:]}\n{line}\n机器人运动会开幕\n{GAMES}"
    lines = {one.text: one.kind for one in find_lines(raw, repair(raw))}
    assert lines[repair(line).text] == "furniture"
    assert lines["机器人运动会开幕"] == "head"


@pytest.mark.parametrize(
    "byline", ["Corin Vale, health reporter", "Staff reporter", "By Ines Groat, local editor"]
)
def test_an_english_byline_is_not_joined_to_the_text_below_it(byline):
    raw = f"Drug cuts risk\n{byline}\nThe council said on Monday that the\nbridge would close.\n"
    assert byline in repair(raw).text.split("\n")


def test_a_credit_without_a_blank_ends_its_caption():
    raw = "图为数字经济规模扩大。记者杜军摄\n8月14日清晨，微风拂过\n洛河两岸的树林。"
    assert repair(raw).text.split("\n")[0].endswith("杜军摄")


def test_to_take_a_picture_is_no_credit():
    assert "\n" not in repair("这张照片是他昨天在家里拍\n摄的，画面里只有两棵树。").text
