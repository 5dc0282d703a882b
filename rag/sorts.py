"""What sort of name a question asks for, and whether some words can be one.

    哪家药企?            亚盛医药 fits, 美国FDA孤儿药 does not
    哪家医院?            全国19家医院 names none
    which university     犹他大学
    那个菜贩子叫什么?    车少坤 is a name, 碗口大 is none
"""

from __future__ import annotations

import re
from functools import lru_cache

# what is asked for, in Chinese or English, and how the name of one ends
_SORTS = (
    (
        "企业|公司|厂家|厂商|[车药房矿钢纸酒]企|商家|企$"
        r"|\b(?:compan(?:y|ies)|firms?|makers?|manufacturers?|brand|retailer)\b",
        "公司|集团|股份|厂|科技|汽车|药业|医药|制药|生物|种业|实业|控股|重工|电子|能源|传媒|证券|银行|航空|动力",
    ),
    (
        r"大学|高校|学校|院校|中学|小学|\b(?:universit(?:y|ies)|colleges?|schools?)\b",
        "大学|学院|学校|中学|小学|附中|附小|校区",
    ),
    (r"医院|\bhospitals?\b", "医院|卫生院|[一二三四五六]院|附院|妇幼"),
    (r"法院|\bcourts?\b", "法院|法庭"),
    (
        r"媒体|报纸|报社|电视台|\b(?:newspapers?|outlets?|media|broadcaster)\b",
        "报|社|台|网|新闻|周刊|杂志|广播公司|时报",
    ),
    (
        r"部门|机关|\b(?:department|ministry|bureau|authority|regulator)\b",
        "局|部|委|办|厅|署|院|处|中心|支队|大队|委员会",
    ),
    (r"银行|\bbanks?\b", "银行|农商行|信用社"),
    (r"博物馆|展馆|\bmuseums?\b", "馆|博物院"),
    (r"公园|\bparks?\b", "园"),
    (r"城市|\bcit(?:y|ies)\b", "(?<!城)市|城"),
    (r"乡镇|\btowns?\b", "镇|乡"),
    (r"\bvillages?\b", "村"),
    (r"\bcount(?:y|ies)\b", "县"),
    (r"\bprovinces?\b", "省"),
    (r"\bdistricts?\b", "区"),
    (r"\brivers?\b", "河|江"),
    (r"\bislands?\b", "岛"),
    (r"\b(?:streets?|roads?)\b", "街|路|道"),
    (r"\bteams?\b|球队", "队|组|俱乐部"),
    (
        r"电影|影片|电视剧|小说|歌曲?|专辑|绘本|著作|期刊|[部本首]书"
        r"|\b(?:film|movie|song|album|book|novel|play|poem|journal|magazine|drama|series|show|opera"
        r"|documentary|program(?:me)?)s?\b",
        "》",
    ),
    (
        r"\b(?:law|regulation|plan|document|guideline|agreement|treaty)s?\b",
        "》|法|条例|办法|规定|意见|方案|计划|规划|协议|协定|条约",
    ),
    (
        r"\b(?:bod(?:y|ies)|agenc(?:y|ies)|institut(?:e|ion)s?|organi[sz]ations?|associations?|unions?"
        r"|commissions?|committees?|offices?)\b",
        "局|部|委|办|厅|署|院|所|处|中心|会|协会|组织|机构|公室",
    ),
    (r"\b(?:prize|award|title|honou?r)s?\b", "奖|奖项|冠军|[金银铜]牌|称号"),
    (r"\bstates?\b", "州|邦"),
    (r"\bregions?\b", "区|地区|带|州"),
    (r"\bairports?\b", "机场"),
    (r"\b(?:stations?|stops?)\b", "站"),
    (r"\b(?:ports?|harbou?rs?)\b", "港|码头"),
    (r"\b(?:hotels?|restaurants?)\b", "酒店|宾馆|饭店|餐厅|酒楼|菜馆"),
    (r"\b(?:buildings?|towers?|malls?|plazas?|squares?)\b", "楼|厦|广场|中心|塔"),
    (r"\bbridges?\b", "桥"),
    (r"\b(?:mountains?|hills?|peaks?)\b", "山|峰|岭"),
    (r"\b(?:lakes?|reservoirs?)\b", "湖|水库"),
    (r"\b(?:seas?|oceans?)\b", "海|洋"),
    (r"\b(?:temples?|monaster(?:y|ies)|church(?:es)?)\b", "寺|庙|宫|观|庵|堂"),
    (r"\b(?:theat(?:er|re)s?|stadiums?|arenas?|venues?)\b", "院|场|馆|中心"),
    (r"\b(?:communit(?:y|ies)|neighbou?rhoods?|estates?)\b", "社区|小区|苑|园|里|居委会"),
    (r"\bsubdistricts?\b", "街道"),
    (r"\b(?:lines?|routes?|railways?|motorways?|expressways?|highways?)\b", "线|路|高速|高铁|公路"),
    (r"\bfestivals?\b", "节"),
    (
        r"\b(?:conferences?|meetings?|forums?|summits?|congress(?:es)?|exhibitions?|expos?)\b",
        "会|会议|论坛|峰会|展",
    ),
    (r"\b(?:diseases?|illness(?:es)?|cancers?|infections?)\b", "病|炎|症|癌|热|感染"),
    (r"\blanguages?\b", "语|文|话"),
    (r"\b(?:battles?|wars?)\b", "战|战役|战争"),
    (r"\bgroups?\b", "集团|族|组|团|群体"),
    (r"\bfunds?\b", "基金"),
    (r"\bcolou?rs?\b", "色"),
    (r"\btax(?:es)?\b", "税"),
)
_STOPS = (  # what stands behind these is not what "which" asks for
    "is|are|was|were|be|did|do|does|has|have|had|will|would|can|could|should|must|may|of|in|on|at"
    "|to|by|the|a|an|and|or|who|that|it|they"
)
_ASKED = re.compile(rf"\b(?:which|what)(?P<words>(?: (?!(?:{_STOPS})\b)[\w'-]+){{1,4}})")
_NOUN = re.compile("|".join(asks for asks, _ in _SORTS))
# none of these names one: 该校, 一家企业, 全国19家医院, 国营厂
_VAGUE = re.compile(
    "^(?:该|某(?!某)|[这那][个家位所些]|[一多几两数每][家名位所个]|上述|本(?:市|省|公司|校|院|队)|[他她它我]们?$"
    "|自己|有关|相关|许多|不少|国营|民营|行业)"
    "|[0-9一二三四五六七八九十百千多几]+余?[家名位所个人](?!民|大)"
)
_NAME_ASKED = re.compile("全名|名字|姓名|叫(?:什么|甚么|啥)")


@lru_cache(maxsize=64)  # asked once an answer and once a claim
def sort_asked(question: str) -> str:
    """Return the noun of the sort of name that an English question in lower case asks for, "" where
    it asks for none that is known here.

    >>> sort_asked("which park was he picked up near?"), sort_asked("what rule did they make?")
    ('park', '')
    """
    found = _ASKED.search(question)
    noun = _NOUN.search(found["words"]) if found else None
    return noun[0] if noun else ""


@lru_cache(maxsize=64)
def endings_of(noun: str) -> str:
    """Return how the names of what a noun means end, "|" between them, "" where that is not known.

    >>> endings_of("park"), endings_of("场景")
    ('园', '')
    """
    return next((ends for asks, ends in _SORTS if re.search(asks, noun)), "")


def is_vague(words: str) -> bool:
    """Tell whether words speak of one, or of several, and name none."""
    return bool(_VAGUE.search(words))


def asks_name(question: str) -> bool:
    """Tell whether a question wants somebody's own name."""
    return bool(_NAME_ASKED.search(question))
