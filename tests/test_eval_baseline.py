"""eval.baseline and eval.paired: what a run is compared with, and when the gate closes."""

import json
import random
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from eval.baseline import compare, keep, load_baseline
from eval.gold import GoldRow
from eval.judge import judge
from eval.metrics import Quote
from eval.paired import beyond_noise, mcnemar, sign_flips
from eval.report import judge_all, measure, write_report
from rag.errors import GoldError

ARTICLES, PER_ARTICLE = 30, 6
RAW = "今年7月交付105台。8月的目标是200台。"
SOURCES = {f"{n}.txt": RAW for n in range(ARTICLES)}
CITED = {"quote": "今年7月交付105台。", "spans": [[0, 11]]}


def row(name, source, answerable=True):
    return GoldRow(
        id=name,
        question=f"问题{name}?",
        lang="zh",
        answers=("105台",) if answerable else (),
        answerable=answerable,
        type="number" if answerable else "unanswerable",
        evidence=(Quote(source, "7月交付105台"),) if answerable else (),
        difficulty="easy",
    )


ROWS = [row(f"a{n}", f"{n // PER_ARTICLE}.txt") for n in range(ARTICLES * PER_ARTICLE)]
ROWS += [row(f"u{n}", "", answerable=False) for n in range(40)]


def predictions(chance_right=0.7, seed=1, *, found=0.95):
    """Answer each question rightly with a chance, refuse or err otherwise."""
    rng = random.Random(seed)
    return [given(r, rng.random() < chance_right, rng, found) for r in ROWS]


def given(r, right, rng, found=0.95):
    """Make one prediction: a right one, or a wrong answer or refusal."""
    if r.answerable:
        answer = "105台" if right else rng.choice(["200台", None])
        source = r.evidence[0].file
    else:
        answer, source = (None if right else "200台"), "0.txt"
    hits = [{"source": source, "text": RAW}] if rng.random() < found else []
    confidence = min(1, max(0, rng.gauss(0.8 if right else 0.4, 0.2)))
    return {
        "id": r.id,
        "question": r.question,
        "answer": answer,
        "refused": answer is None,
        "confidence": confidence,
        "citations": [CITED | {"source": source}] if answer else [],
        "hits": hits,
        "milliseconds": {"total": 5.0},
    }


def judged(told):
    return judge_all(ROWS, told, SOURCES)


def by_id(questions):
    return {question.id: question for question in questions}


def noisy_again(told, share, seed):
    """Answer a random share of the questions again, as well and as badly as before."""
    rng = random.Random(seed)
    return [
        given(r, rng.random() < 0.7, rng) if rng.random() < share else p
        for r, p in zip(ROWS, told, strict=True)
    ]


BEFORE = predictions()


# ---------------------------------------------------------------- the gate


def test_nothing_is_worse_than_itself():
    difference = compare(by_id(judged(BEFORE)), judged(BEFORE))
    assert difference.worse == []
    assert (difference.won, difference.lost) == ([], [])
    assert (difference.mcnemar, difference.permutation) == (1, 1)


def test_the_gate_passes_on_noise_nineteen_times_in_twenty():
    before = by_id(judged(BEFORE))
    runs = 25
    closed = sum(
        bool(compare(before, judged(noisy_again(BEFORE, 0.3, seed))).worse) for seed in range(runs)
    )
    assert closed <= stats.binom.ppf(0.999, runs, 0.05)  # 5 of 25


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda p, r: p | {"answer": None, "refused": True, "citations": []}, "false_refusals"),
        (lambda p, r: p | {"answer": "9台"} if p["answer"] else p, "correct"),
        (lambda p, r: p | {"hits": []}, "hit@5"),
        (lambda p, r: p | {"confidence": 1 - p["confidence"]}, "auroc"),
        (
            lambda p, r: (
                p
                | {
                    "citations": [
                        c | {"spans": [[11, 21]], "quote": RAW[11:21]} for c in p["citations"]
                    ]
                }
            ),
            "citation_precision",
        ),
        (
            lambda p, r: p if r.answerable else p | {"answer": "9台", "refused": False},
            "false_answers",
        ),
    ],
    ids=["refuses", "errs", "finds nothing", "doubts the right", "cites elsewhere", "invents"],
)
def test_a_run_made_worse_in_one_way_is_named_by_that_measure(change, named):
    rng = random.Random(5)
    worse = [change(p, r) if rng.random() < 0.6 else p for p, r in zip(BEFORE, ROWS, strict=True)]
    difference = compare(by_id(judged(BEFORE)), judged(worse))
    assert any(line.startswith(named + " ") for line in difference.worse)


def test_a_fall_of_ten_points_is_seen_and_one_of_a_single_question_is_not():
    rng = random.Random(3)
    ten = [
        p | {"answer": "9台", "refused": False}
        if p["answer"] == "105台" and rng.random() < 0.15
        else p
        for p in BEFORE
    ]
    difference = compare(by_id(judged(BEFORE)), judged(ten))
    (line,) = [line for line in difference.worse if line.startswith("correct ")]
    assert "(difference -0." in line
    assert difference.mcnemar < 0.001
    one = [p | {"answer": "9台"} if p["id"] == "a0" else p for p in BEFORE]
    assert compare(by_id(judged(BEFORE)), judged(one)).worse == []


def test_getting_better_is_not_worse():
    poor = [p | {"answer": None, "refused": True, "citations": []} for p in BEFORE]
    difference = compare(by_id(judged(poor)), judged(BEFORE))
    assert not any(line.startswith(("correct", "false_refusals")) for line in difference.worse)
    assert len(difference.won) > 100


def test_four_changed_questions_are_never_beyond_noise():
    rows = [row(f"a{n}", f"{n}.txt") for n in range(4)]
    right = [given(r, True, random.Random(1)) for r in rows]
    wrong = [p | {"answer": "9台"} for p in right]
    old = by_id(judge_all(rows, right, SOURCES))
    assert compare(old, judge_all(rows, wrong, SOURCES)).worse == []


def test_a_broken_span_fails_whatever_the_baseline_had():
    broken = [p | {"citations": [CITED | {"source": "0.txt", "quote": "别的"}]} for p in BEFORE]
    difference = compare(by_id(judged(broken)), judged(broken))
    (line,) = difference.worse
    assert line.startswith("span_validity must be 1: spans of 220 answers")


def test_with_few_articles_questions_are_drawn():
    few = [replace(q, cluster="one") if q.answerable else q for q in judged(BEFORE)]
    assert compare(by_id(few), few).resampled == "questions"
    assert compare(by_id(judged(BEFORE)), judged(BEFORE)).resampled == "articles"


def test_the_comparison_is_the_same_each_time():
    again = noisy_again(BEFORE, 0.3, 9)
    assert compare(by_id(judged(BEFORE)), judged(again)) == compare(
        by_id(judged(BEFORE)), judged(again)
    )


# ---------------------------------------------------------------- files


def test_every_form_of_a_baseline_gives_the_same_comparison(tmp_path):
    now = judged(noisy_again(BEFORE, 0.5, 2))
    keep(tmp_path / "kept.jsonl", judged(BEFORE))
    lines = (json.dumps(p | {"text": ""}, ensure_ascii=False) for p in BEFORE)
    (tmp_path / "predictions.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    write_report(tmp_path, measure(judged(BEFORE)))
    found = [
        compare(load_baseline(tmp_path / name, ROWS, SOURCES), now)
        for name in ("kept.jsonl", "predictions.jsonl", "report.json")
    ]
    assert found[0] == found[1] == found[2]
    assert found[0].won
    assert found[0].lost


def test_a_kept_baseline_is_small_and_holds_no_text(tmp_path):
    path = tmp_path / "kept.jsonl"
    keep(path, judged(BEFORE))
    assert path.stat().st_size < 400 * len(ROWS)
    text = path.read_text("utf-8")
    assert "问题" not in text
    assert "105台" not in text


def test_a_question_that_was_changed_since_is_left_out_and_counted(tmp_path):
    path = tmp_path / "kept.jsonl"
    keep(path, judged(BEFORE))
    changed = [replace(r, answers=("105台", "105")) if r.id == "a0" else r for r in ROWS]
    now = [judge(r, p, SOURCES) for r, p in zip(changed, BEFORE, strict=True)][:-1]
    difference = compare(load_baseline(path, changed, SOURCES), now)
    assert (difference.compared, difference.asked_now, difference.only_before) == (218, 219, 2)


def test_a_baseline_of_other_questions_is_refused():
    with pytest.raises(GoldError, match="none of these questions"):
        compare({}, judged(BEFORE))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("b.jsonl", "", "is empty"),
        ("b.jsonl", '{"judged": 1, "id": "a"}', r"line 1: ValueError\(\'format 1"),
        ("b.jsonl", '{"judged": 2, "id": "a"}\n{', "line 1: .*\n  line 2: "),
        ("b.jsonl", '{"id": "g001", "answers": []}', "not a file of predictions"),
        ("b.json", "[]", "not a report of this version"),
        ("b.json", '{"format": 1}', "format 1, this version reads 2"),
        ("b.json", '{"format": 2, "questions": [{"id": "a"}]}', "not a report of this version"),
    ],
)
def test_a_file_that_is_no_baseline_is_refused(tmp_path, name, text, message):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(GoldError, match=message):
        load_baseline(path, ROWS, SOURCES)


def test_a_baseline_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(GoldError, match="cannot read the baseline"):
        load_baseline(tmp_path / "none.jsonl", ROWS, SOURCES)


# ---------------------------------------------------------------- the tests behind it


@pytest.mark.parametrize(("won", "lost"), [(0, 0), (5, 0), (3, 12), (40, 41), (200, 150)])
def test_mcnemar_is_the_exact_binomial_test(won, lost):
    expected = stats.binomtest(won, won + lost).pvalue if won + lost else 1
    assert mcnemar(won, lost) == pytest.approx(expected)


def test_sign_flips_agree_with_counting_all_of_them():
    column = [3.0, 1.0, -0.5, 2.0, 0.0, 1.0, -1.0, 2.5]
    signs = np.array(np.meshgrid(*[[-1, 1]] * len(column))).reshape(len(column), -1)
    exact = (np.abs(column @ signs) >= sum(column) - 1e-9).mean()
    assert sign_flips(column) == pytest.approx(exact, abs=0.01)


def test_margins_are_wider_for_many_measures_than_for_one():
    rng = np.random.default_rng(1)
    resampled = rng.normal(0, 0.02, (19, 4000))
    together = beyond_noise(np.zeros(19), resampled)[0].margin
    alone = beyond_noise(np.zeros(1), resampled[:1])[0].margin
    assert 1.5 * 0.02 < alone < 1.8 * 0.02  # one-sided 5 %: 1.645
    assert 2.6 * 0.02 < together < 3.2 * 0.02  # of 19: about 2.8


def test_an_undefined_measure_is_not_worse():
    nothing = np.full((1, 100), np.nan)
    (fall,) = beyond_noise(np.array([np.nan]), nothing)
    assert not fall.beyond_noise
