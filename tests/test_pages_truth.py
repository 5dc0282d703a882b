"""eval/pages: the true articles of the newspaper pages we wrote, and the questions about them."""

import json
import re
from collections import Counter
from datetime import date
from itertools import chain
from pathlib import Path

import pytest

from eval.gold import load, parse
from eval.metrics import contains, normalise

PAGES = Path(__file__).parent.parent / "eval" / "pages"
TRUTH = sorted((PAGES / "truth").glob("*.json"))
NUMBERS = [path.stem for path in TRUTH]
FIELDS = {
    "title": str,
    "subtitle": str,
    "byline": str,
    "place": str,
    "dated": str,
    "body": list,
    "headings": list,  # [[i, text], …]: text stands before body[i]
    "caption": str,
}
# A short form need not be words of the article where the answer is worked out from them.
WORKED_OUT = {"yesno", "reason", "comparison", "multi-hop"}
MAX_PARAGRAPH_CHARS = 400
QUOTE_CHARS = range(10, 61)


def squeeze(text):
    return "".join(text.split())


def page(number):
    return json.loads((PAGES / "truth" / f"{number}.json").read_text(encoding="utf-8"))


def paragraphs(number):
    """Every title and paragraph of a page: what a quote may come from."""
    return [
        text
        for article in page(number)["articles"]
        for text in (article["title"], *article["body"])
    ]


GOLD = (PAGES / "gold.jsonl").read_text(encoding="utf-8").splitlines()


def lines(number):
    return [line for line in GOLD if line.startswith(f'{{"id": "p{number}-')]


def rows(number):
    return [json.loads(line) for line in lines(number)]


def every_row():
    return list(chain.from_iterable(rows(number) for number in NUMBERS))


def at_word_borders(text, quote):
    """Tell whether a quote, white space removed, stands in `text` and cuts no Latin word in two."""
    letters = [index for index, char in enumerate(text) if not char.isspace()]
    start = squeeze(text).find(quote)
    if start < 0:
        return False
    first, last = letters[start], letters[start + len(quote) - 1]
    word = re.compile(r"[A-Za-z]{2}")
    return not word.fullmatch(text[first - 1 : first + 1]) and not word.match(text[last : last + 2])


def test_every_page_has_its_truth_and_its_questions():
    assert len(NUMBERS) >= 40
    assert all(lines(number) for number in NUMBERS)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_page_has_a_paper_a_day_and_two_to_four_articles_of_known_fields(number):
    truth = page(number)
    assert set(truth) == {"page", "paper", "day", "articles"}
    assert truth["page"] == number
    assert truth["paper"].strip()
    assert 2023 <= date.fromisoformat(truth["day"]).year <= 2026
    assert 2 <= len(truth["articles"]) <= 4
    for article in truth["articles"]:
        assert {"title", "body"} <= set(article) <= set(FIELDS)
        assert all(isinstance(article[field], FIELDS[field]) for field in article)
        assert date.fromisoformat(article.get("dated", truth["day"])) <= date.fromisoformat(
            truth["day"]
        )
        for index, text in article.get("headings", []):
            assert 0 < index < len(article["body"])
            assert text.strip()


@pytest.mark.parametrize("number", NUMBERS)
def test_an_article_is_as_long_as_one_in_a_paper_and_has_no_endless_paragraph(number):
    for article in page(number)["articles"]:
        body = "\n".join(article["body"])
        if re.search("[一-鿿]", body):
            assert 200 <= len(squeeze(body)) <= 900, article["title"]
        else:
            assert 120 <= len(body.split()) <= 400, article["title"]
        for text in article["body"]:
            assert text == text.strip()
            assert 0 < len(text) <= MAX_PARAGRAPH_CHARS, text


def test_no_paragraph_and_no_title_is_there_twice():
    counts = Counter(squeeze(text) for number in NUMBERS for text in paragraphs(number))
    assert [text for text, times in counts.items() if times > 1] == []


@pytest.mark.parametrize("number", NUMBERS)
def test_the_questions_are_gold_rows_whose_evidence_stands_in_the_truth(number):
    sources = {f"{other}.txt": "\n".join(paragraphs(other)) for other in NUMBERS}
    assert len(lines(number)) >= 8
    for line in lines(number):
        parse(line, sources)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_quote_is_of_one_paragraph_cuts_no_word_and_is_neither_a_word_nor_a_page(number):
    for row in rows(number):
        for item in row["evidence"]:
            texts, quote = paragraphs(item["file"].removesuffix(".txt")), item["quote"]
            assert quote == squeeze(quote), row["id"]
            assert any(at_word_borders(text, quote) for text in texts), (row["id"], quote)
            assert len(quote) in QUOTE_CHARS, (row["id"], len(quote))
        assert not row["answerable"] or f"{number}.txt" in {e["file"] for e in row["evidence"]}


@pytest.mark.parametrize("number", NUMBERS)
def test_an_answer_stands_in_its_evidence_unless_it_must_be_worked_out(number):
    for row in rows(number):
        quotes = [item["quote"] for item in row["evidence"]]
        for forms in row.get("all_of", []):
            if row["type"] not in WORKED_OUT:
                assert any(contains(q, form) for q in quotes for form in forms), (row["id"], forms)
        if row["answerable"] and row["type"] not in WORKED_OUT and "all_of" not in row:
            forms = row["answers"]
            assert any(contains(q, form) for q in quotes for form in forms), (row["id"], forms)


def test_ids_are_of_the_page_in_order_and_the_split_is_dev_on_odd_pages():
    for number in NUMBERS:
        page_rows = rows(number)
        assert [row["id"] for row in page_rows] == [
            f"p{number}-{index:02d}" for index in range(1, len(page_rows) + 1)
        ]
        assert {row["split"] for row in page_rows} == {"dev" if int(number) % 2 else "test"}


def test_evidence_of_a_question_stays_in_its_half():
    for row in every_row():
        halves = {int(item["file"].removesuffix(".txt")) % 2 for item in row["evidence"]}
        assert halves <= {int(row["split"] == "dev")}, row["id"]


def test_no_question_is_asked_twice():
    asked = Counter(
        normalise(" ".join([turn[0] for turn in row.get("history", [])] + [row["question"]]))
        for row in every_row()
    )
    assert [question for question, times in asked.items() if times > 1] == []


def test_every_question_stands_under_its_page():
    assert sum(len(lines(number)) for number in NUMBERS) == len(GOLD) > 800


def test_every_quote_stands_in_the_pages_as_they_are_laid_out():
    sources = {p.name: p.read_bytes().decode() for p in (PAGES / "text").glob("*.txt")}
    assert sorted(sources) == [f"{number}.txt" for number in NUMBERS]
    assert len(load(PAGES / "gold.jsonl", sources)) == len(GOLD)
