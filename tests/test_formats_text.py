"""rag.formats.text: bytes of any common encoding come back as the characters they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import UnreadableSource
from rag.formats.text import ENCODINGS, _ranks, decode, guess, iso_day

SIMPLIFIED = (
    "今年7月，这家公司交付人形机器人105台，创了纪录；8月的目标是200台！",
    "市民张女士告诉记者，小区门口的早点铺开了十几年，豆浆每杯只卖两元钱。",
    "受台风影响，沿海多地降下大到暴雨，铁路部门临时停运列车四十余趟。",
    "这项研究发表在《自然》杂志上，第一作者是来自武汉大学的博士生李明。",
    "“我们没有想到会来这么多人，”馆长笑着说，“三天的票半小时就卖完了。”",
    "经济学家预计，明年居民消费价格指数（CPI）涨幅将保持在2%左右。",
    "清晨五点，环卫工人已经扫完了两条街，路灯还亮着，江面上起了薄雾。",
)
TRADITIONAL = (
    "今年七月，這家公司交付人形機器人一百零五台，創下紀錄；八月的目標是兩百台！",
    "市民張女士告訴記者，社區門口的早餐店開了十幾年，豆漿每杯只賣二十元。",
    "受颱風影響，沿海多地降下大雨，鐵路局臨時停駛列車四十餘班。",
    "這項研究刊登在《自然》期刊上，第一作者是國立臺灣大學的博士生李明。",
    "「我們沒有想到會來這麼多人，」館長笑著說，「三天的票半小時就賣完了。」",
    "經濟學家預計，明年消費者物價指數（CPI）年增率將維持在２％左右。",
    "清晨五點，清潔隊員已經掃完了兩條街，路燈還亮著，江面上起了薄霧。",
)
ENGLISH = (
    "The company delivered 105 humanoid robots in July, a record, and aims for 200 in August.\n",
    "Officials said the bridge would reopen to traffic before the end of the month.\n",
)


def texts(sentences):
    whole = "".join(sentences)
    for size in (20, 60, 200):
        for start in range(0, len(whole) - size, 13):
            yield whole[start : start + size]
    yield whole * (2000 // len(whole) + 1)


CASES = [
    *(("Simplified", SIMPLIFIED, e) for e in ("utf-8", "utf-8-sig", "gb18030", "gbk")),
    *(("Simplified", SIMPLIFIED, e) for e in ("utf-16", "utf-16-le", "utf-16-be", "utf-32")),
    *(("Traditional", TRADITIONAL, e) for e in ("utf-8", "big5", "cp950", "big5hkscs", "gb18030")),
    *(("Traditional", TRADITIONAL, e) for e in ("utf-16", "utf-16-le", "utf-16-be")),
]


@pytest.mark.parametrize(
    ("sentences", "encoding"), [c[1:] for c in CASES], ids=[f"{c[0]} {c[2]}" for c in CASES]
)
def test_twenty_characters_are_enough_to_tell_the_encoding(sentences, encoding):
    for text in texts(sentences):
        assert decode(text.encode(encoding), "a.txt").removeprefix("\ufeff") == text


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16-le", "utf-16-be", "utf-8"])
@pytest.mark.parametrize("chinese", [1, 3, 10, 40])
def test_a_little_chinese_in_much_english_is_enough(encoding, chinese):
    text = ENGLISH[0] * 3 + SIMPLIFIED[1][:chinese] + "\r\n" + ENGLISH[1] * 3
    if chinese == 1:
        text = text.replace("市", "市场")
    assert decode(text.encode(encoding), "a.txt") == text


def test_chinese_after_a_hundred_thousand_english_characters_is_seen():
    text = ENGLISH[0] * 2000 + "".join(TRADITIONAL)
    assert decode(text.encode("cp950"), "a.txt") == text


@pytest.mark.parametrize("text", ["Don’t say “never” – it’s not €20…", "Le café près de la gare"])
def test_english_with_curly_quotes_from_windows_is_read(text):
    text = f"{ENGLISH[0]}{text}\n{ENGLISH[1]}"
    assert decode(text.encode("cp1252"), "a.txt") == text


ORDINARY = sorted(_ranks(), key=_ranks().get)[:2000]


def encodable(encoding):
    characters = [c for c in ORDINARY if c.encode(encoding, "ignore")]
    return st.lists(st.sampled_from([*characters, *"，。1 \n"]), min_size=20).map("".join)


@pytest.mark.parametrize(
    "encoding", ["gb18030", "gbk", "cp950", "big5hkscs", "utf-8", "utf-16-le", "utf-16-be"]
)
@given(data=st.data())
def test_any_twenty_ordinary_characters_come_back(encoding, data):
    text = data.draw(encodable(encoding).filter(lambda t: sum(c in _ranks() for c in t) >= 15))
    assert decode(text.encode(encoding), "a.txt") == text


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Co", "Cn"]), min_size=1))
def test_utf_8_comes_back_whole_however_odd(text):
    assert decode(text.encode("utf-8"), "a.txt") == text


def test_marks_and_line_ends_of_utf_8_stay():
    raw = "\ufeff第一行\r\n第二行\r第三行\n"
    assert decode(raw.encode("utf-8"), "a.txt") == raw


@given(st.binary(min_size=40, max_size=400))
def test_any_bytes_give_text_or_an_error_of_one_line(data):
    try:
        text = decode(data, "a.txt")
    except UnreadableSource as error:
        assert "a.txt" in str(error)
        assert "\n" not in str(error)
    else:
        assert sum("\ue000" <= c < "\uf900" for c in text) <= 0.01 * len(text)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(b"PK\x03\x04\0\0\0\x08\0\0\0\xff\xfe\x81" * 9, "binary", id="zip"),
        pytest.param(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0" * 9, "binary", id="picture"),
        pytest.param(b"\0" * 200, "binary", id="zeros"),
        pytest.param(bytes([0x81, 0x20, 0xFF, 0x9F]) * 40, "iconv", id="no encoding"),
        pytest.param(bytes(range(1, 32)) * 9, "binary", id="control characters"),
        pytest.param("".join(SIMPLIFIED).encode()[:-1], r"utf-8 text but for byte", id="cut UTF-8"),
        pytest.param(
            "".join(SIMPLIFIED).encode("gbk") + b"\xff\xff", "gb18030 text but for byte", id="GBK"
        ),
        pytest.param(
            "한국의 신문 기사를 여기에 적었다. 서울시는 올해 새 도서관을 연다. ".encode("euc-kr")
            * 9,
            "iconv",
            id="Korean",
        ),
        pytest.param(
            "ロボットのニュースをお伝えします。".encode("shift_jis") * 9, "iconv", id="Japanese"
        ),
    ],
)
def test_what_is_no_text_is_refused_with_advice(data, words):
    with pytest.raises(UnreadableSource, match=words):
        decode(data, "a.txt")


def test_every_encoding_tried_can_win():
    samples = {
        "utf-8": SIMPLIFIED[0].encode(),
        "gb18030": SIMPLIFIED[0].encode("gb18030"),
        "cp950": TRADITIONAL[0].encode("cp950"),
        "big5hkscs": "啲嘢喺嗰度，佢哋話唔係咁樣㗎，嚟喇！".encode("big5hkscs"),
        "utf-16-le": SIMPLIFIED[0].encode("utf-16-le"),
        "utf-16-be": SIMPLIFIED[0].encode("utf-16-be"),
        "cp1252": "“Don’t”".encode("cp1252"),
    }
    assert {e: guess(data)[0] for e, data in samples.items()} == {e: e for e in ENCODINGS}


@pytest.mark.parametrize("day", ["yesterday", "2025-02-30", "16/08/2025", "", "2025-8"])
def test_what_is_no_day_is_none(day):
    assert iso_day(day) is None
