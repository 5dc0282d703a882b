"""What the page shows: everything escaped, and exactly the cited characters marked."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rag.types import Answer, Article, Citation, Run, Source, Span
from ui.examples import MAX_EXAMPLES, drawn_from
from ui.render import (
    Opened,
    Tools,
    answer_html,
    conversation_html,
    list_items,
)
from ui.render_evidence import MAX_ARTICLE_CHARS, evidence_html
from ui.render_frame import header_html, welcome_html
from ui.render_text import escape, language_of, marked_html
from ui.turns import NEAREST, OPENING_CHARS, Differs, Turn, place_in, reply_of
from ui.words import STRINGS

TAGS = {"article", "aside", "b", "bdi", "blockquote", "button", "cite", "details", "div", "footer"}
TAGS |= {"a", "dd", "del", "dl", "dt", "form", "h1", "h2", "h3", "h4", "header", "input", "ins"}
TAGS |= {"label", "li", "mark", "nav", "ol", "option", "p", "pre", "progress", "section", "select"}
TAGS |= {"span", "strong", "summary", "textarea", "time", "ul"}
EMPTY = {"input"}
ATTRIBUTES = {"accept", "autocomplete", "class", "dir", "hidden", "href", "id", "lang", "max"}
ATTRIBUTES |= {"maxlength", "multiple", "name", "placeholder", "role", "rows", "selected"}
ATTRIBUTES |= {"tabindex", "title", "type", "value", "webkitdirectory"}

HOSTILE = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "a & b &lt; &amp; '\"",
    "${alert(1)} {{value}} `x`",
    "😀👩\u200d👩\u200d👧 105台 é",
    "\u202eمرحبا 105 שלום\u202c",
    "\x00\x1b\ud800",
    "[1] [2] [99]",
    "</mark></p></article>",
)

texts = st.one_of(
    st.text(max_size=60), st.sampled_from(HOSTILE), st.text("<>&\"'[]1\n😀", max_size=40)
)


class Seen(HTMLParser):
    """Reads a page as a browser does: tags in order, text inside marks, nothing left open."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.marked: dict[str, list[str]] = {"evidence": [], "answer": []}
        self.paragraphs: list[str] = []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag; a mark or paragraph starts an empty text."""
        facts = dict(attrs)
        self.seen.append((tag, facts))
        if tag not in EMPTY:
            self.open.append((tag, facts))
        if tag == "mark":
            self.marked[str(facts["class"])].append("")
        if tag == "p":
            self.paragraphs.append("")

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost tag, which must be this one."""
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        """Add text to the page and to every mark around it."""
        self.text += data
        for tag, facts in self.open:
            if tag == "mark":
                self.marked[str(facts["class"])][-1] += data
            if tag == "p":
                self.paragraphs[-1] += data

    def buttons(self, **facts: str) -> list[dict[str, str | None]]:
        """Return the buttons that carry these data."""
        return [
            seen
            for tag, seen in self.seen
            if tag == "button" and all(seen.get(f"data-{k}") == v for k, v in facts.items())
        ]


def assert_only_ours(page: str) -> Seen:
    """Assert that a page holds no tag and no attribute but those this module writes."""
    seen = Seen(page)
    for tag, facts in seen.seen:
        assert tag in TAGS
        for name in facts:
            assert name in ATTRIBUTES or name.startswith(("data-", "aria-")), (tag, name)
    page.encode("utf-8")
    return seen


def plain(text: str) -> str:
    """Return the characters a page can hold, as `escape` leaves them."""
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]", "\ufffd", text)


def article(text: str, **facts: str) -> Article:
    source = facts.pop("source", "a.txt")
    return Article(source, source, text, (Run(0, 0, len(text)),), **facts)


def cited(of: Article, quote: Span, *answers: Span, marker: int = 1) -> Citation:
    return Citation(marker, of, quote, answers, (quote,), answers)


def given_answer(*citations: Citation, answer: str = "105台", text: str = "105台 [1]") -> Answer:
    return Answer("多少台?", answer, text, False, 0.93, citations)


NEWS = article(
    "标题一行\n7月交付105台😀创了纪录，8月的目标是200台！\n完。",
    title="标题一行",
    byline="记者 <b>甲</b>",
    published="2025-08-16",
    source="000.txt",
)
QUOTE = Span(5, 17)  # 7月交付105台😀创了纪
ONE = cited(NEWS, QUOTE, Span(9, 13))
TWO = cited(
    article("也说105台。", title="转载", source="001.txt"), Span(0, 7), Span(2, 6), marker=2
)


def answer_page(answer: Answer, **options: Any) -> str:
    """Return an answer as the conversation shows it."""
    return answer_html(reply_of(answer), answer.question, **options)


def turn_of(answer: Answer) -> Turn:
    return Turn(answer.question, reply_of(answer))


def panel(answer: Answer, key: str, *, turn: int = 0, raw: bool = False) -> str:
    """Return the evidence of an answer, out of the articles that it cites."""
    nearest = (answer.nearest,) if answer.nearest else ()
    articles = {c.article.id: c.article for c in (*answer.citations, *nearest)}
    reply = reply_of(answer)
    place = reply.place(key)
    of = articles[place.article_id] if place else None
    source = Source(of.source, of.text) if of else None
    return evidence_html(reply, Opened(turn, key, raw), of, source)


@given(texts)
def test_escaped_text_reads_as_it_was(text: str) -> None:
    page = escape(text)
    assert not re.search("[<>\"']", page)
    assert Seen(page).text == plain(text)


@st.composite
def marked_texts(draw: st.DrawFn) -> tuple[str, Span, list[Span]]:
    text = draw(texts)
    place = st.integers(0, len(text))
    spans = [Span(*sorted((draw(place), draw(place)))) for _ in range(draw(st.integers(1, 4)))]
    return text, spans[0], spans[1:]


@given(marked_texts())
@example(("a😀b105台", Span(1, 7), [Span(3, 7)]))
def test_what_is_marked_is_the_slice(case: tuple[str, Span, list[Span]]) -> None:
    text, evidence, answers = case
    seen = assert_only_ours(marked_html(text, Span(0, len(text)), [evidence], answers))
    assert seen.text == plain(text)
    assert "".join(seen.marked["evidence"]) == plain(text[evidence.start : evidence.end])
    inside = {
        place
        for span in answers
        for place in range(*span)
        if evidence.start <= place < evidence.end
    }
    assert "".join(seen.marked["answer"]) == plain("".join(text[i] for i in sorted(inside)))


@given(marked_texts(), texts, texts)
@settings(max_examples=60, deadline=None)
def test_an_evidence_page_holds_the_article_and_marks_the_sentence(
    case: tuple[str, Span, list[Span]], title: str, byline: str
) -> None:
    text, evidence, answers = case
    source = article(text, title=title, byline=byline, published=title, source=byline)
    page = panel(given_answer(cited(source, evidence, *answers)), "1")
    seen = assert_only_ours(page)
    quote = plain(text[evidence.start : evidence.end])
    marked = "".join(seen.marked["evidence"])
    assert "".join(marked.split()) == "".join(quote.split())
    assert page.count('id="evidence"') <= 1


@given(texts, texts, texts, texts)
@settings(max_examples=60, deadline=None)
def test_no_text_from_outside_becomes_markup(
    question: str, said: str, title: str, text: str
) -> None:
    source = article(text, title=title, source=question)
    quote = cited(source, Span(0, len(text)))
    given_one = Answer(question, said, said, False, 0.5, (quote,), standalone=title)
    place = place_in(source, "d1", Span(0, len(text)), quote=text)
    reply = reply_of(given_one, [place], [Differs(said, place)])
    turns = [
        Turn(question, reply, judged="up", feedback="x"),
        turn_of(Answer(question, None, said, True, 0.1, nearest=quote)),
        Turn(question, error=said),
        Turn(question, partial=said),
    ]
    for language in STRINGS:
        tools = Tools(judge=True, gold=True)
        opened = Opened(0, "1")
        assert_only_ours(conversation_html(turns, opened, language=language, tools=tools))
        assert_only_ours(welcome_html([question, said], 7, language=language))
        for raw in (False, True):
            shown = Opened(0, "d1", raw), source, Source(source.source, text)
            assert_only_ours(evidence_html(reply, *shown, language=language))


def test_an_answer_shows_the_short_answer_and_its_sentence() -> None:
    seen = assert_only_ours(answer_page(given_answer(ONE)))
    assert seen.paragraphs[0] == "105台"
    assert seen.marked["evidence"] == ["7月交付105台😀创了纪"]
    assert seen.marked["answer"] == ["105台"]


def test_markers_are_buttons_that_carry_their_place() -> None:
    seen = Seen(answer_page(given_answer(ONE, TWO), turn=3, opened="2"))
    (first,), (second,) = seen.buttons(turn="3", open="1"), seen.buttons(turn="3", open="2")
    assert (first["aria-pressed"], second["aria-pressed"]) == ("false", "true")
    assert "标题一行" in str(first["aria-label"])


def test_a_longer_text_is_shown_with_its_markers() -> None:
    seen = Seen(answer_page(given_answer(ONE, text="他们在7月交付了105台 [1]，见 [7]。")))
    assert seen.paragraphs[1] == "他们在7月交付了105台 1，见 [7]。"
    assert len(seen.buttons(open="1")) == 2
    assert not seen.buttons(open="7")


@pytest.mark.parametrize(
    "text",
    ["105台", "105台 [1][2]", f"105台 [1][2]\n\n{ONE.quote} [1]"],
    ids=["bare", "markers", "sentence"],
)
def test_a_text_that_says_nothing_new_is_not_repeated(text: str) -> None:
    assert 'class="said"' not in answer_page(given_answer(ONE, TWO, text=text))


def test_a_sum_is_shown_and_the_sentence_it_was_reckoned_from_stands_once() -> None:
    text = f"95台（200台 − 105台） [1]\n\n{ONE.quote} [1]"
    seen = Seen(answer_page(given_answer(ONE, answer="95台", text=text)))
    assert "95台（200台 − 105台）" in seen.text
    assert seen.text.count(ONE.quote) == 1


def test_a_refusal_does_not_say_the_nearest_passage_twice() -> None:
    text = f"资料里没有。\n\n最接近的一段（不是答案）：{ONE.quote}"
    seen = Seen(answer_page(Answer("问", None, text, True, 0.1, nearest=ONE)))
    assert seen.paragraphs[0] == "资料里没有。"
    assert seen.text.count(ONE.quote) == 1


@pytest.mark.parametrize(
    ("confidence", "word", "percent"),
    [
        (0.93, "很有把握", "93%"),
        (0.74, "较有把握", "74%"),
        (0.5, "不太有把握", "50%"),
        (0.2, "没有把握", "20%"),
    ],
)
def test_confidence_is_a_word_and_a_number(confidence: float, word: str, percent: str) -> None:
    shown = answer_page(Answer("问", "答", "答", False, confidence, (ONE,)))
    assert f"<span>{word}</span> <b>{percent}</b>" in shown


@pytest.mark.parametrize(("confidence", "percent"), [(1.0, "99%"), (0.0, "1%")])
def test_no_confidence_is_certain(confidence: float, percent: str) -> None:
    assert f"<b>{percent}</b>" in answer_page(Answer("问", "答", "答", False, confidence, (ONE,)))


def test_a_refusal_labels_the_nearest_passage_as_no_answer() -> None:
    refusal = Answer("问", None, "资料里没有。", True, 0.1, nearest=ONE)
    seen = assert_only_ours(answer_page(refusal))
    assert seen.paragraphs[0] == "资料里没有。"
    assert "不是答案" in seen.text
    assert not seen.marked["answer"]
    assert seen.buttons(open=NEAREST)


def test_a_refusal_without_any_passage_is_still_a_refusal() -> None:
    assert STRINGS["zh"]["refused"] in answer_page(Answer("问", None, "", True, 0.0))


def test_the_nearest_passage_is_labelled_in_the_panel_too() -> None:
    seen = Seen(panel(Answer("问", None, "没有。", True, 0.1, nearest=ONE), NEAREST))
    assert "不是答案" in seen.text
    assert seen.marked["evidence"] == ["7月交付105台😀创了纪"]


def test_a_question_that_was_understood_otherwise_says_so() -> None:
    answer = Answer(
        "8月呢?", "105台", "105台", False, 0.9, (ONE,), standalone="松延动力8月交付多少台?"
    )
    assert "理解为：松延动力8月交付多少台?" in answer_page(answer)


def test_evidence_names_title_byline_date_and_file() -> None:
    seen = Seen(panel(given_answer(ONE), "1"))
    for fact in ("标题一行", "记者 <b>甲</b>", "2025-08-16", "000.txt"):
        assert fact in seen.text


@pytest.mark.parametrize(
    ("text", "name"),
    [("105台\n创纪录", "105台 创纪录"), ("字" * 99, "字" * OPENING_CHARS + "…"), (" ", "b.txt")],
    ids=["short", "long", "blank"],
)
def test_an_article_without_title_goes_by_its_opening_words(text: str, name: str) -> None:
    source = article(text, source="b.txt")
    page = panel(given_answer(cited(source, Span(0, 1))), "1")
    assert f">{name}</h2>" in page


def test_an_article_is_shown_as_paragraphs_without_its_title_twice() -> None:
    seen = Seen(panel(given_answer(ONE), "1"))
    assert seen.paragraphs[-2:] == ["7月交付105台😀创了纪录，8月的目标是200台！", "完。"]
    assert "标题一行" not in seen.paragraphs


def test_a_quote_over_two_paragraphs_has_one_anchor() -> None:
    source = article("前。甲乙\n丙丁。后。")
    page = panel(given_answer(cited(source, Span(2, 7), Span(3, 6))), "1")
    seen = Seen(page)
    assert seen.marked == {"evidence": ["甲乙", "丙丁"], "answer": ["乙", "丙"]}
    assert page.count('id="evidence"') == 1


def test_the_panel_offers_all_citations() -> None:
    seen = Seen(panel(given_answer(ONE, TWO), "1", turn=4))
    assert len(seen.buttons(turn="4", open="2")) == 1
    assert seen.buttons(turn="4", open="1")[0]["aria-pressed"] == "true"


def test_a_key_that_is_not_there_gives_nothing() -> None:
    assert panel(given_answer(ONE), "9") == ""


def test_the_raw_source_marks_the_same_words() -> None:
    seen = assert_only_ours(panel(given_answer(ONE), "1", raw=True))
    assert seen.marked == {"evidence": ["7月交付105台😀创了纪"], "answer": ["105台"]}


def test_a_quote_of_an_article_that_is_gone_is_still_shown() -> None:
    page = evidence_html(reply_of(given_answer(ONE)), Opened(0, "1"), None)
    assert "7月交付105台😀创了纪" in Seen(page).text
    assert STRINGS["zh"]["gone"] in page


def test_an_article_that_was_changed_since_is_not_marked() -> None:
    changed = article("全新的一篇，什么都没有。", source="000.txt")
    page = evidence_html(reply_of(given_answer(ONE)), Opened(0, "1"), changed)
    seen = Seen(page)
    assert not seen.marked["evidence"]
    assert STRINGS["zh"]["changed"] in page
    assert "全新的一篇" in seen.text


@pytest.mark.parametrize("start", [0, 5 * MAX_ARTICLE_CHARS, 10 * MAX_ARTICLE_CHARS - 4])
def test_a_huge_article_is_cut_around_the_evidence(start: int) -> None:
    source = article("字" * (10 * MAX_ARTICLE_CHARS))
    page = panel(given_answer(cited(source, Span(start, start + 4))), "1")
    assert Seen(page).marked["evidence"] == ["字" * 4]
    assert len(page) < 2 * MAX_ARTICLE_CHARS


@pytest.mark.parametrize(
    ("short", "question", "items"),
    [
        ("上海、杭州和宁波", "去了哪些城市?", ["上海", "杭州", "宁波"]),
        ("- 甲\n- 乙", "有什么?", ["甲", "乙"]),
        ("105台", "有哪些?", []),
        ("上海、杭州", "谁去了?", []),
        ("一是快、二是稳，三是准", "有哪些要求?", []),
    ],
)
def test_an_answer_that_is_a_list_is_shown_as_one(
    short: str, question: str, items: list[str]
) -> None:
    assert list_items(short, question) == items
    page = answer_page(Answer(question, short, short, False, 0.9, (ONE,)))
    assert ('<ul class="short list"' in page) == bool(items)


def test_other_reports_are_counted_and_can_be_opened() -> None:
    other = place_in(article("也这样说。", title="第三篇", source="002.txt"), "s1", Span(0, 4))
    seen = Seen(answer_html(reply_of(given_answer(ONE, TWO), [other]), "问"))
    assert "另有 2 篇文章也这样报道" in seen.text
    assert seen.buttons(open="s1")
    assert seen.buttons(open="2")


def test_where_sources_differ_is_said() -> None:
    other = article("他们交付了150台。", title="另一篇", source="002.txt")
    differs = Differs("105台", place_in(other, "d1", Span(5, 9), quote="150台"))
    seen = Seen(answer_html(reply_of(given_answer(ONE), (), [differs]), "问"))
    assert "这里写“105台”，《另一篇》写“150台”" in seen.text
    assert seen.buttons(open="d1")


def test_a_conversation_keeps_every_turn_in_order() -> None:
    first = turn_of(replace(given_answer(ONE), question="甲?"))
    turns = [first, Turn("乙?", error="坏\n了"), Turn("丙?")]
    seen = assert_only_ours(conversation_html(turns))
    assert seen.text.index("甲?") < seen.text.index("乙?") < seen.text.index("丙?")
    assert "坏 了" in seen.paragraphs


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "zh"),
        ("", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-US,en;q=0.9", "en"),
        ("fr-FR,fr;q=0.9,en;q=0.8", "en"),
        ("ja", "zh"),
        (";;,,", "zh"),
    ],
)
def test_the_language_is_the_first_of_ours_the_browser_names(
    header: str | None, language: str
) -> None:
    assert language_of(header) == language


def test_both_languages_have_the_same_words() -> None:
    assert STRINGS["zh"].keys() == STRINGS["en"].keys()


@pytest.mark.parametrize("language", STRINGS)
def test_the_first_page_is_ours_only(language: str) -> None:
    seen = assert_only_ours(
        welcome_html(["问?"], 3, language=language) + header_html(language=language)
    )
    assert seen.buttons(ask="问?")


def test_an_example_asks_for_the_number_that_ends_a_clause() -> None:
    assert drawn_from(
        [article("据介绍，某地工厂去年生产电动汽车超过3.5万辆，其中出口900辆。")]
    ) == ["某地工厂去年生产电动汽车多少辆?"]


def test_examples_come_from_all_articles_and_are_few() -> None:
    counted = [article("".join(f"第一车间生产零件共计{n}个。" for n in range(9)))]
    assert drawn_from(counted) == ["第一车间生产零件多少个?"]
    many = [article(f"{name}工厂去年生产汽车{n}辆。") for n, name in enumerate("甲乙丙丁戊己庚")]
    assert len(drawn_from(many)) == MAX_EXAMPLES
    assert drawn_from([article("没有数字的一段话。")]) == []
