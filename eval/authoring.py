"""Gold rows made and checked: drafts from articles and from chat, what a person should look at.

check(path, sources)                  [Finding(line=3, id="g003", level="warning", text="…"), …]
suggest(articles, sources, 30)        drafts, spread over kinds and articles (see eval.drafts)
feedback_row(question, answer, …)     a draft from a chat turn that a person judged
append_row(path, row)                 one more line, whole or not at all
accept(path, ids, sources)            drafts become gold rows, if they keep all rules

A draft has "status": "draft" and is never asked or counted until it is accepted.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from eval import gold
from eval.gold import ACCEPTED, DRAFT, GoldRow
from eval.metrics import contains, longest_shared_run, normalise, occurrences
from rag.errors import GoldError
from rag.kinds import asked_kind
from rag.terms import fold

Level = Literal["error", "warning", "draft"]
Verdict = Literal["right", "wrong", "no answer"]

# an answer to these is put together from the evidence and need not stand in it
NOT_EXTRACTIVE = ("yesno", "comparison", "multi-hop", "temporal", "reason")
COPIED_CHARS, COPIED_SHARE = 10, 0.6  # of a question, in one run, from its evidence
ALIKE = 0.9  # of two questions' pairs of characters, shared (Jaccard)
LONG_QUOTE = 120  # characters; a citation of one sentence cannot hold a longer one
KINDS_ASKED = {
    "number": "number",
    "time": "date",
    "person": "person",
    "place": "place",
    "reason": "reason",
    "list": "list",
    "whether": "yesno",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about one line of a gold file; an error keeps the file from being used."""

    line: int
    id: str
    level: Level
    text: str

    def __str__(self) -> str:
        """Return the finding as one line of text."""
        return f"line {self.line}: {self.level}: ({self.id or 'no id'}) {self.text}"


# ---------------------------------------------------------------- checking


def check(path: Path, sources: Mapping[str, str]) -> list[Finding]:
    """Return what is wrong or doubtful in a gold file, in the order of its lines.

    Raises GoldError when it cannot be read at all.
    """
    file = gold.read(path, sources)
    found = [Finding(line, "", "error", problem) for line, problem in file.problems]
    found += [Finding(line, draft["id"], "draft", _lacks(draft)) for line, draft in file.drafts]
    for line, row in file.rows:
        found += [Finding(line, row.id, "warning", text) for text in doubts(row, sources)]
    found += _duplicates(file.rows)
    return sorted(found, key=lambda finding: finding.line)


def _lacks(draft: Mapping[str, Any]) -> str:
    """Say what a draft needs before it can be accepted."""
    try:
        gold.parse(json.dumps({**draft, "status": ACCEPTED}))
    except GoldError as error:
        return f"not counted; before it can be accepted: {str(error).partition(') ')[2]}"
    return "not counted; complete: read it, then `youju gold accept FILE ID`"


def doubts(row: GoldRow, sources: Mapping[str, str]) -> list[str]:
    """Return what a person should look at again in a row that keeps the rules."""
    return [*_about_evidence(row, sources), *_about_answers(row), *_about_question(row)]


def _about_evidence(row: GoldRow, sources: Mapping[str, str]) -> Iterator[str]:
    files = {file for file, _ in row.evidence}
    for file, quote in row.evidence:
        places = len(occurrences(sources.get(file, ""), quote))
        if places > 1:
            yield f"ambiguous quote: it stands {places} times in {file}; make it longer"
        others = [n for n, raw in sources.items() if n not in files and occurrences(raw, quote)]
        if others:
            yield f"the quote stands in {', '.join(others)} too; list it there as well"
        if len(quote) > LONG_QUOTE:
            yield f"a quote of {len(quote)} characters: cut it to what answers the question"


def _about_answers(row: GoldRow) -> Iterator[str]:
    quotes = " | ".join(quote for _, quote in row.evidence)
    foreign = row.lang == "en" and not quotes.isascii()
    if not row.answerable or foreign or row.type in NOT_EXTRACTIVE:
        return
    if not any(contains(quotes, form) for form in row.answers):
        yield "answer not in evidence: no accepted form stands in a quote"
    for forms in row.all_of:
        if not any(contains(quotes, form) for form in forms):
            yield f"answer not in evidence: of all_of, {' / '.join(forms)}"


def _about_question(row: GoldRow) -> Iterator[str]:
    asked = normalise(row.question)
    if row.type not in NOT_EXTRACTIVE:
        given = [form for form in row.answers if len(normalise(form)) > 1]
        if any(contains(row.question, form) for form in given):
            yield "the question holds its own answer"
    copied = max((longest_shared_run(asked, normalise(q)) for _, q in row.evidence), default=0)
    if copied >= COPIED_CHARS and copied >= COPIED_SHARE * len(asked):
        yield f"the question copies {copied} of its {len(asked)} characters from the evidence"


def _duplicates(rows: Sequence[tuple[int, GoldRow]]) -> Iterator[Finding]:
    seen: list[tuple[int, str, tuple[tuple[str, str], ...], frozenset[str]]] = []
    for line, row in rows:
        asked = normalise(fold(row.question))
        pairs = frozenset(asked[i : i + 2] for i in range(len(asked) - 1))
        for earlier, name, history, others in seen:
            if history == row.history and len(pairs & others) >= ALIKE * len(pairs | others):
                yield Finding(line, row.id, "warning", f"asks the same as {name} on line {earlier}")
                break
        seen.append((line, row.id, row.history, pairs))


# ---------------------------------------------------------------- rows from chat


def feedback_row(
    question: str,
    answer: Mapping[str, Any],
    verdict: Verdict,
    *,
    sources: Mapping[str, str],
    expected: str | None = None,
    history: Sequence[tuple[str, str]] = (),
) -> dict[str, Any]:
    """Return a draft from a chat turn. `answer` is `Answer.to_json()`, `sources` name -> raw text.

    "right": the answer is what is expected, the citations are the evidence. "wrong": `expected`, if
    the person gave it, and the evidence is still to be found. "no answer": it should be refused.
    """
    row: dict[str, Any] = {"id": _id_of("f", question, history), "question": question}
    row |= {"lang": language(question), "answers": [], "answerable": verdict != "no answer"}
    row |= {"type": "unanswerable" if verdict == "no answer" else type_of(question)}
    row |= {"evidence": [], "difficulty": "medium"}
    if verdict == "right" and answer["answer"] is not None:
        row["answers"] = [answer["answer"]]
        row["evidence"] = list(_evidence(answer["citations"], sources))
    elif expected:
        row["answers"] = [expected]
    if history:
        row["history"] = [list(turn) for turn in history]
    return row | {"status": DRAFT, "made": f"chat, judged {verdict}"}


def _evidence(
    citations: Iterable[Mapping[str, Any]], sources: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    """Yield the citations that are one stretch of their source: a gold quote is contiguous."""
    for citation in citations:
        raw, spans = sources.get(citation["source"]), citation["spans"]
        if raw is not None and len(spans) == 1:
            start, end = spans[0]
            yield {"file": citation["source"], "quote": "".join(raw[start:end].split())}


def _id_of(kind: str, *told: object) -> str:
    data = json.dumps(told, ensure_ascii=False).encode("utf-8", "backslashreplace")
    return f"{kind}-{hashlib.sha256(data).hexdigest()[:8]}"


def language(question: str) -> str:
    """Return "zh", "zh-Hant" or "en" as gold rows name languages."""
    han = "".join(c for c in question if "\u4e00" <= c <= "\u9fff")
    if not han:
        return "en"
    return "zh" if fold(han) == han else "zh-Hant"


def type_of(question: str) -> str:
    """Return the gold type that a question's kind suggests; a person may know better."""
    return KINDS_ASKED.get(asked_kind(fold(question)).name, "definition")


# ---------------------------------------------------------------- files


def append_row(path: Path, row: Mapping[str, Any]) -> bool:
    """Add a row to a gold file, which is made when it is missing; tell whether it was new.

    A row whose id is there already is left as it is. The line is written with one system call, so
    that two writers do not mix theirs. Raises GoldError for a row that breaks the rules.
    """
    line = json.dumps(row, ensure_ascii=False)
    if gold.as_draft(line) is None:
        gold.parse(line)
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_bytes() if path.exists() else b""
    if row["id"] in _ids(before):
        return False
    gap = b"\n" if before and not before.endswith(b"\n") else b""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, gap + line.encode("utf-8", "backslashreplace") + b"\n")
    finally:
        os.close(descriptor)
    return True


def _ids(data: bytes) -> set[str]:
    found = set()
    for line in data.decode("utf-8-sig", "replace").split("\n"):
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            found.add(row.get("id"))
    return {name for name in found if isinstance(name, str)}


def accept(path: Path, ids: Sequence[str], sources: Mapping[str, str]) -> None:
    """Turn drafts into gold rows. Raises GoldError, and changes nothing, when one breaks a rule."""
    lines = path.read_bytes().decode("utf-8-sig").split("\n")
    drafts = {draft["id"]: number for number, draft in gold.read(path).drafts}
    problems = [f"  {name}: no draft of this id" for name in ids if name not in drafts]
    for name in [name for name in ids if name in drafts]:
        row = json.loads(lines[drafts[name] - 1])
        row = {key: value for key, value in row.items() if key not in ("status", "note")}
        line = json.dumps(row, ensure_ascii=False)
        try:
            gold.parse(line, sources)
        except GoldError as error:
            problems.append(f"  line {drafts[name]}: {error}")
        lines[drafts[name] - 1] = line
    if problems:
        listed = "\n".join(problems)
        raise GoldError(f"{path}: nothing was accepted; mend these first\n{listed}")
    beside = path.with_name(path.name + ".part")
    beside.write_bytes("\n".join(lines).encode("utf-8", "backslashreplace"))
    beside.replace(path)
