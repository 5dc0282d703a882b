"""What the page shows: everything escaped, and exactly the cited characters marked."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rag.types import Answer, Article, Citation, Run, Span
from ui.examples import MAX_EXAMPLES, drawn_from
from ui.render import (
    MAX_ARTICLE_CHARS,
    NEAREST,
    OPENING_CHARS,
    Opened,
    Turn,
    answer_html,
    conversation_html,
    escape,
    evidence_html,
    header_html,
    language_of,
    marked_html,
    welcome_html,
)
from ui.words import STRINGS

TAGS = {"article", "aside", "b", "bdi", "blockquote", "button", "cite", "details", "div", "footer"}
TAGS |= {"h1", "h2", "h3", "header", "li", "mark", "nav", "p", "section", "span", "strong"}
TAGS |= {"summary", "time", "ul"}
ATTRIBUTES = {"class", "dir", "id", "lang", "role", "title", "type"}

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
    seen = assert_only_ours(marked_html(text, Span(0, len(text)), evidence, answers))
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
    page = evidence_html(given_answer(cited(source, evidence, *answers)), 1)
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
    turns = [
        Turn(question, Answer(question, said, said, False, 0.5, (quote,), standalone=title)),
        Turn(question, Answer(question, None, said, True, 0.1, nearest=quote)),
        Turn(question, error=said),
        Turn(question),
    ]
    for language in STRINGS:
        assert_only_ours(conversation_html(turns, Opened(0, 1), language=language))
        assert_only_ours(welcome_html([question, said], [source], language=language))


def test_an_answer_shows_the_short_answer_and_its_sentence() -> None:
    seen = assert_only_ours(answer_html(given_answer(ONE)))
    assert seen.paragraphs[0] == "105台"
    assert seen.marked["evidence"] == ["7月交付105台😀创了纪"]
    assert seen.marked["answer"] == ["105台"]


def test_markers_are_buttons_that_carry_their_place() -> None:
    seen = Seen(answer_html(given_answer(ONE, TWO), turn=3, opened=2))
    (first,), (second,) = seen.buttons(turn="3", marker="1"), seen.buttons(turn="3", marker="2")
    assert (first["aria-pressed"], second["aria-pressed"]) == ("false", "true")
    assert "标题一行" in str(first["aria-label"])


def test_a_longer_text_is_shown_with_its_markers() -> None:
    seen = Seen(answer_html(given_answer(ONE, text="他们在7月交付了105台 [1]，见 [7]。")))
    assert seen.paragraphs[1] == "他们在7月交付了105台 1，见 [7]。"
    assert len(seen.buttons(marker="1")) == 2
    assert not seen.buttons(marker="7")


@pytest.mark.parametrize(
    "text",
    ["105台", "105台 [1][2]", f"105台 [1][2]\n\n{ONE.quote} [1]"],
    ids=["bare", "markers", "sentence"],
)
def test_a_text_that_says_nothing_new_is_not_repeated(text: str) -> None:
    assert 'class="said"' not in answer_html(given_answer(ONE, TWO, text=text))


def test_a_refusal_does_not_say_the_nearest_passage_twice() -> None:
    text = f"资料里没有。\n\n最接近的一段（不是答案）：{ONE.quote}"
    seen = Seen(answer_html(Answer("问", None, text, True, 0.1, nearest=ONE)))
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
    shown = answer_html(Answer("问", "答", "答", False, confidence, (ONE,)))
    assert f"<span>{word}</span> <b>{percent}</b>" in shown


@pytest.mark.parametrize(("confidence", "percent"), [(1.0, "99%"), (0.0, "1%")])
def test_no_confidence_is_certain(confidence: float, percent: str) -> None:
    assert f"<b>{percent}</b>" in answer_html(Answer("问", "答", "答", False, confidence, (ONE,)))


def test_a_refusal_labels_the_nearest_passage_as_no_answer() -> None:
    refusal = Answer("问", None, "资料里没有。", True, 0.1, nearest=ONE)
    seen = assert_only_ours(answer_html(refusal))
    assert seen.paragraphs[0] == "资料里没有。"
    assert "不是答案" in seen.text
    assert not seen.marked["answer"]
    assert seen.buttons(marker=str(NEAREST))


def test_a_refusal_without_any_passage_is_still_a_refusal() -> None:
    assert STRINGS["zh"]["refused"] in answer_html(Answer("问", None, "", True, 0.0))


def test_the_nearest_passage_is_labelled_in_the_panel_too() -> None:
    seen = Seen(evidence_html(Answer("问", None, "没有。", True, 0.1, nearest=ONE), NEAREST))
    assert "不是答案" in seen.text
    assert seen.marked["evidence"] == ["7月交付105台😀创了纪"]


def test_a_question_that_was_understood_otherwise_says_so() -> None:
    answer = Answer(
        "8月呢?", "105台", "105台", False, 0.9, (ONE,), standalone="松延动力8月交付多少台?"
    )
    assert "理解为：松延动力8月交付多少台?" in answer_html(answer)


def test_evidence_names_title_byline_date_and_file() -> None:
    seen = Seen(evidence_html(given_answer(ONE), 1))
    for fact in ("标题一行", "记者 <b>甲</b>", "2025-08-16", "000.txt"):
        assert fact in seen.text


@pytest.mark.parametrize(
    ("text", "name"),
    [("105台\n创纪录", "105台 创纪录"), ("字" * 99, "字" * OPENING_CHARS + "…"), (" ", "b.txt")],
    ids=["short", "long", "blank"],
)
def test_an_article_without_title_goes_by_its_opening_words(text: str, name: str) -> None:
    source = article(text, source="b.txt")
    assert f'<h2 dir="auto">{name}</h2>' in evidence_html(
        given_answer(cited(source, Span(0, 1))), 1
    )


def test_an_article_is_shown_as_paragraphs_without_its_title_twice() -> None:
    seen = Seen(evidence_html(given_answer(ONE), 1))
    assert seen.paragraphs[-2:] == ["7月交付105台😀创了纪录，8月的目标是200台！", "完。"]
    assert "标题一行" not in seen.paragraphs


def test_a_quote_over_two_paragraphs_has_one_anchor() -> None:
    source = article("前。甲乙\n丙丁。后。")
    page = evidence_html(given_answer(cited(source, Span(2, 7), Span(3, 6))), 1)
    seen = Seen(page)
    assert seen.marked == {"evidence": ["甲乙", "丙丁"], "answer": ["乙", "丙"]}
    assert page.count('id="evidence"') == 1


def test_the_other_citations_are_listed_under_the_article() -> None:
    seen = Seen(evidence_html(given_answer(ONE, TWO), 1, turn=4))
    assert len(seen.buttons(turn="4", marker="2")) == 1
    assert not seen.buttons(marker="1")


def test_a_marker_that_is_not_there_gives_nothing() -> None:
    assert evidence_html(given_answer(ONE), 9) == ""


@pytest.mark.parametrize("start", [0, 5 * MAX_ARTICLE_CHARS, 10 * MAX_ARTICLE_CHARS - 4])
def test_a_huge_article_is_cut_around_the_evidence(start: int) -> None:
    source = article("字" * (10 * MAX_ARTICLE_CHARS))
    page = evidence_html(given_answer(cited(source, Span(start, start + 4))), 1)
    assert Seen(page).marked["evidence"] == ["字" * 4]
    assert len(page) < 2 * MAX_ARTICLE_CHARS


def test_a_conversation_keeps_every_turn_in_order() -> None:
    turns = [Turn("甲?", given_answer(ONE)), Turn("乙?", error="坏\n了"), Turn("丙?")]
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
        welcome_html(["问?"], [NEWS], language=language) + header_html(language=language)
    )
    assert seen.buttons(example="0")


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
