"""eval/followups.jsonl: the fresh follow-ups keep the rules of the gold sets."""

from eval import gold
from eval.followups import FRESH, PAGES


def test_each_follow_up_stands_on_an_odd_page_that_says_it_and_leans_on_a_turn():
    texts = {page.name: page.read_bytes().decode() for page in PAGES.glob("*.txt")}
    rows = gold.load(FRESH, sources=texts)
    assert len(rows) >= 40
    assert all(row.history and row.answerable and row.split == "dev" for row in rows)
    pages = {quote.file for row in rows for quote in row.evidence}
    assert all(int(page.removesuffix(".txt")) % 2 for page in pages)
