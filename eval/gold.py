"""The gold set: one question a line, checked against the sources before it is used.

  {"id": "g001", "question": "松延动力7月交付多少台？", "lang": "zh", "answers": ["105台", "105"],
  "answerable": true, "type": "number", "difficulty": "easy", "split": "dev", "evidence": [{"file":
  "000.txt", "quote": "7月交付人形机器人105台"}]}

Rows never mention chunks. A row that breaks a rule is named by its line; all of them come in one
error. A row with "status": "draft" is a suggestion: it is never asked until a person has accepted
it, and its answers and evidence may still be missing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.metrics import Quote, normalise, squeeze
from rag.errors import GoldError

DEFAULT_GOLD = Path(__file__).with_name("gold.jsonl")

LANGS = ("zh", "zh-Hant", "en")
TYPES = (
    *("number", "date", "person", "org", "place", "list", "quote", "definition", "yesno"),
    *("title", "reason", "comparison", "multi-hop", "temporal", "unanswerable"),
)
DIFFICULTIES = ("easy", "medium", "hard")
SPLITS = ("dev", "test")
DRAFT, ACCEPTED = "draft", "accepted"


@dataclass(frozen=True, slots=True)
class GoldRow:
    """One question and what counts as answering it; the fields of the contract's gold row."""

    id: str
    question: str
    lang: str
    answers: tuple[str, ...]
    answerable: bool
    type: str
    evidence: tuple[Quote, ...]
    difficulty: str
    all_of: tuple[tuple[str, ...], ...] = ()
    history: tuple[tuple[str, str], ...] = ()
    split: str | None = None


def load(
    path: Path = DEFAULT_GOLD,
    sources: Mapping[str, str] | None = None,
    split: str | None = None,
) -> list[GoldRow]:
    """Return the rows of a gold file, in its order.

    With `sources` (name -> raw text) every evidence quote must stand in its source, white space
    removed on both sides. With `split`, only rows of that split; all rows are checked all the
    same. Drafts are left out. Raises GoldError with one line for every bad line.
    """
    gold = read(path, sources)
    if gold.problems:
        listed = "\n".join(f"  line {number}: {problem}" for number, problem in gold.problems)
        raise GoldError(f"{path}: {len(gold.problems)} bad line(s), correct them:\n{listed}")
    return _of_split([row for _, row in gold.rows], split, path, len(gold.drafts))


@dataclass(frozen=True, slots=True)
class GoldFile:
    """A gold file as it is, line numbers from 1: usable rows, drafts as they stand, bad lines."""

    rows: list[tuple[int, GoldRow]]
    drafts: list[tuple[int, dict[str, Any]]]
    problems: list[tuple[int, str]]


def read(path: Path, sources: Mapping[str, str] | None = None) -> GoldFile:
    """Read a gold file to the end, whatever is wrong with it. Raises GoldError if that fails."""
    gold = GoldFile([], [], [])
    first_line: dict[str, int] = {}
    for number, line in enumerate(_read(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            draft = as_draft(line)
            row = None if draft else parse(line, sources)
            name = draft["id"] if draft else row.id if row else ""
        except GoldError as error:
            gold.problems.append((number, str(error)))
            continue
        if name in first_line:
            taken = f"id {name!r} was taken on line {first_line[name]}"
            gold.problems.append((number, taken))
        first_line.setdefault(name, number)
        if draft:
            gold.drafts.append((number, draft))
        elif row:
            gold.rows.append((number, row))
    return gold


def as_draft(line: str) -> dict[str, Any] | None:
    """Return the row of a line that is a draft, None for another line.

    Raises GoldError for a draft without id or question, and for an unknown status.
    """
    try:
        row = json.loads(line)
    except ValueError:
        return None
    if not isinstance(row, dict) or row.get("status", ACCEPTED) == ACCEPTED:
        return None
    wrong = [name for name in ("id", "question") if not _is_text(row.get(name))]
    if row["status"] != DRAFT:
        raise GoldError(f"({row.get('id', 'no id')}) status must be {DRAFT!r} or {ACCEPTED!r}")
    if wrong:
        raise GoldError(f"({row.get('id', 'no id')}) a draft needs {' and '.join(wrong)}")
    return row


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise GoldError(f"no gold file at {path}; give one with --gold FILE") from None
    except (OSError, UnicodeDecodeError) as error:
        raise GoldError(f"cannot read the gold file {path} as UTF-8 text: {error}") from error


def _of_split(rows: list[GoldRow], split: str | None, path: Path, drafts: int) -> list[GoldRow]:
    chosen = [row for row in rows if split is None or row.split == split]
    if not chosen:
        found = sorted({row.split for row in rows if row.split})
        there = f"its splits are {', '.join(found)}" if found else "no row names a split"
        empty = f"holds {drafts} drafts and nothing accepted" if drafts else "is empty"
        problem = f"has no row of split {split!r}; {there}" if rows else empty
        raise GoldError(f"{path} {problem}")
    return chosen


def parse(line: str, sources: Mapping[str, str] | None = None) -> GoldRow:
    """Return the row that one line describes. Raises GoldError with every rule it breaks."""
    try:
        row = json.loads(line)
    except ValueError as error:
        raise GoldError(f"not JSON: {error}") from error
    if not isinstance(row, dict):
        raise GoldError(f"not a JSON object but {type(row).__name__}")
    problems = _misshapen(row)
    if not problems:
        problems = _contradictions(row) + ([] if sources is None else _strangers(row, sources))
    if problems:
        raise GoldError(f"({row.get('id', 'no id')}) " + "; ".join(problems))
    return GoldRow(
        id=row["id"],
        question=row["question"],
        lang=row["lang"],
        answers=tuple(row["answers"]),
        answerable=row["answerable"],
        type=row["type"],
        evidence=tuple(Quote(item["file"], item["quote"]) for item in row["evidence"]),
        difficulty=row["difficulty"],
        all_of=tuple(tuple(forms) for forms in row.get("all_of", [])),
        history=tuple((turn[0], turn[1]) for turn in row.get("history", [])),
        split=row.get("split"),
    )


# ---------------------------------------------------------------- the rules


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_form(value: object) -> bool:
    return isinstance(value, str) and bool(normalise(value))


def _are_forms(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_form, value))


def _are_form_lists(value: object) -> bool:
    return isinstance(value, list) and all(forms and _are_forms(forms) for forms in value)


def _is_evidence(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, dict) and _is_text(item.get("file")) and _is_text(item.get("quote"))
        for item in value
    )


def _is_history(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(turn, list) and len(turn) == 2 and all(isinstance(part, str) for part in turn)
        for turn in value
    )


def _one_of(allowed: tuple[str, ...]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and value in allowed


FORMS = "a list of strings with letters or digits in them"
REQUIRED: dict[str, tuple[Callable[[object], bool], str]] = {
    "id": (_is_text, "a string that is not empty"),
    "question": (_is_text, "a string that is not empty"),
    "lang": (_one_of(LANGS), f"one of {', '.join(LANGS)}"),
    "answers": (_are_forms, FORMS),
    "answerable": (lambda value: isinstance(value, bool), "true or false"),
    "type": (_one_of(TYPES), f"one of {', '.join(TYPES)}"),
    "evidence": (_is_evidence, 'a list of {"file": …, "quote": …}, neither of them empty'),
    "difficulty": (_one_of(DIFFICULTIES), f"one of {', '.join(DIFFICULTIES)}"),
}
OPTIONAL: dict[str, tuple[Callable[[object], bool], str]] = {
    "all_of": (_are_form_lists, f"a list, each item {FORMS}"),
    "history": (_is_history, "a list of [question, answer]"),
    "split": (_one_of(SPLITS), f"one of {', '.join(SPLITS)}"),
}


def _misshapen(row: Mapping[str, Any]) -> list[str]:
    """Name the fields that are missing or of the wrong kind."""
    missing = [f"{name} is missing" for name in REQUIRED if name not in row]
    wrong = [
        f"{name} is {json.dumps(row[name], ensure_ascii=False)} but must be {what}"
        for name, (fits, what) in (REQUIRED | OPTIONAL).items()
        if name in row and not fits(row[name])
    ]
    return missing + wrong


def _contradictions(row: Mapping[str, Any]) -> list[str]:
    """Name the fields that do not go together."""
    rules = (
        (row["answerable"] and not row["answers"], "answerable, but answers is empty"),
        (row["answerable"] and not row["evidence"], "answerable, but evidence is empty"),
        (row["answerable"] and row["type"] == "unanswerable", "answerable, but type unanswerable"),
        (not row["answerable"] and row["answers"], "not answerable, but there are answers"),
        (not row["answerable"] and row.get("all_of"), "not answerable, but there is all_of"),
    )
    return [text for broken, text in rules if broken]


def _strangers(row: Mapping[str, Any], sources: Mapping[str, str]) -> list[str]:
    """Name the evidence that is not in the sources."""
    problems = []
    for item in row["evidence"]:
        if item["file"] not in sources:
            known = f"not among the {len(sources)} sources"
            problems.append(f"evidence file {item['file']!r} is {known}")
        elif "".join(item["quote"].split()) not in squeeze(sources[item["file"]]).text:
            problems.append(f"evidence {item['quote']!r} does not stand in {item['file']}")
    return problems
