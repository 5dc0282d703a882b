"""eval.archive: questions asked of a whole archive."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

from eval.archive import Asked, Outcome, ask, line, linked_questions
from rag.answer import Bot
from rag.ingest import index_sources
from rag.settings import Settings
from rag.types import Source, essence

TEXT = "松延动力七月传来消息：企业上月交付人形机器人105台，创下纪录，八月的目标是200台。"
ELSEWHERE = "另一家公司的报道没有收进这批文章，它说的是三月份一共卖出72辆电动客车，比去年多。"


def write(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with lzma.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def linked(question: str, context: str, answer: str) -> dict[str, object]:
    answers = [{"text": answer, "start": context.index(answer)}]
    return {"question": question, "context": context, "answers": answers}


def test_a_linked_question_whose_text_is_not_in_the_archive_is_left_out(tmp_path):
    write(tmp_path / "text/zh_news.jsonl.xz", [{"id": "n1", "text": TEXT.replace("，", "，\n")}])
    rows = [linked("交付多少台?", TEXT, "105台"), linked("卖出多少辆?", ELSEWHERE, "72辆")]
    write(tmp_path / "qa/zh_news_linked.jsonl.xz", rows)
    (kept,) = linked_questions(tmp_path)
    assert (kept.question, kept.answers) == ("交付多少台?", ("105台",))
    assert "105台" in kept.evidence


def test_an_answer_counts_as_answered_from_the_threshold_on(tmp_path):
    index_sources(tmp_path, [Source("a.txt", TEXT)])
    bot = Bot.open(tmp_path, settings=Settings(refuse_below=0.0))
    question = Asked("松延动力上月交付多少台?", ("105台",), essence("人形机器人105台"))
    sure, doubtful = ask(bot, question, 0.0), ask(bot, question, 1.01)
    assert sure.found and sure.best_right and sure.answered
    assert doubtful.best_right and not doubtful.answered


def test_a_set_is_told_in_shares():
    results = [Outcome(True, True, True, 10.0), Outcome(True, False, True, 30.0)]
    told = line("ours", results)
    assert "found 1.000" in told and "best right 0.500" in told and "answered right 0.500" in told
