"""What readers think of answers: a small SQLite file in the index folder.

  judgement   id, time, question, history, reply (both JSON), verdict ("up" or "down"), note

It is written apart from the index, so that indexing anew, or a damaged index, loses none of it.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from rag.errors import StoreError
from rag.types import History
from ui.turns import Reply

FILE = "feedback.sqlite3"
MAX_NOTE_CHARS = 1000
"""Of a note: a paragraph. The page's field takes as many."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS judgement (
    id TEXT PRIMARY KEY, time REAL NOT NULL, question TEXT NOT NULL, history TEXT NOT NULL,
    reply TEXT NOT NULL, verdict TEXT NOT NULL CHECK (verdict IN ('up', 'down')),
    note TEXT NOT NULL DEFAULT '')
"""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One judged answer. `answer` None: it was refused."""

    id: str
    time: float  # seconds since 1970
    question: str
    answer: str | None
    verdict: str
    note: str


class Feedback:
    """The judgements of one index. Safe to share between threads: each call opens the file."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / FILE

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Open the file, in one transaction. Raises StoreError when that cannot be."""
        try:
            connection = sqlite3.connect(self.file, timeout=5.0)  # seconds
            with contextlib.closing(connection), connection:
                connection.execute(_SCHEMA)
                yield connection
        except sqlite3.Error as error:
            raise StoreError(
                f"{self.file}: feedback cannot be kept ({error}); move the file away or free space"
            ) from error

    def judge(
        self, known: str | None, question: str, reply: Reply, verdict: str, history: History
    ) -> str:
        """Keep a verdict and return its id; `known` is the id of an earlier one of this turn."""
        told = json.dumps(asdict(reply), ensure_ascii=False)
        before = json.dumps([list(turn) for turn in history], ensure_ascii=False)
        with self._open() as connection:
            if (
                known
                and connection.execute(
                    "UPDATE judgement SET verdict = ?, time = ? WHERE id = ?",
                    (verdict, time.time(), known),
                ).rowcount
            ):
                return known
            name = secrets.token_hex(8)
            connection.execute(
                "INSERT INTO judgement VALUES (?, ?, ?, ?, ?, ?, '')",
                (name, time.time(), question, before, told, verdict),
            )
        return name

    def note(self, name: str, note: str) -> None:
        """Keep a note with a judgement."""
        with self._open() as connection:
            connection.execute(
                "UPDATE judgement SET note = ? WHERE id = ?", (note[:MAX_NOTE_CHARS], name)
            )

    def counts(self) -> dict[str, int]:
        """Return how many verdicts of each kind there are."""
        with self._open() as connection:
            rows = connection.execute("SELECT verdict, count(*) FROM judgement GROUP BY verdict")
            return {"up": 0, "down": 0} | dict(rows.fetchall())

    def latest(self, limit: int) -> list[Judgement]:
        """Return the last judgements, the newest first."""
        query = "SELECT id, time, question, reply, verdict, note FROM judgement"
        with self._open() as connection:
            rows = connection.execute(f"{query} ORDER BY time DESC LIMIT ?", (limit,)).fetchall()
        return [
            Judgement(name, at, question, json.loads(reply)["answer"], verdict, note)
            for name, at, question, reply, verdict, note in rows
        ]
