"""rag.articles.lines and what is told of headlines: bylines of every form, headlines in two lines,
captions between two stories, columns of short news."""

import pytest

from rag.articles import split_articles
from rag.articles.evidence import names_column
from rag.articles.lines import find_lines, is_common
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
    ],
)
def test_who_signs_below_a_headline_is_a_byline(byline):
    assert kinds("调整步态训练减轻膝痛", byline, KNEE) == ["head", "byline", "body"]


@pytest.mark.parametrize(
    "words", ["深入", "推进", "采访报道的外国记者表示，中国", "by Yemeni President Hady. In"]
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
