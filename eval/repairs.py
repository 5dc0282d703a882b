"""How well `rag.repair` mends: character error rate by kind of damage, clean text left alone, and
speed; and the fit of its weights.

  python -m eval.repairs measure --news zh_news.jsonl.xz --english en_qed.jsonl.xz [--json]
  python -m eval.repairs fit     --news zh_news.jsonl.xz --english en_qed.jsonl.xz

Documents whose number ends in 0 or 5 are measured, the others fit.
"""

from __future__ import annotations

import argparse
import json
import lzma
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from eval.damage import (
    DAMAGES,
    FURNITURE,
    Page,
    clean_lines,
    damaged,
    mixture,
    page_of,
    paragraphs,
    with_headings,
    with_structures,
)
from eval.simulate import TruePage, pages
from eval.stories import mixed_stories
from rag.repair import RULES, Repaired, line_breaks, repair
from rag.repair.breaks import indicators, layout
from rag.repair.edits import apply
from rag.repair.fields import fields_of
from rag.repair.signs import code_points, find_lines, kind_table
from rag.repair.table import WEIGHTS, Weights, unpacked


class Mistake(NamedTuple):
    """Where the repaired text differs from the clean one: `wanted` stands at `place` of the clean
    text, `got` in its stead."""

    place: int
    wanted: str
    got: str


def mistakes(clean: str, page: Page, repaired: Repaired) -> list[Mistake]:
    """Return every difference between clean and repaired text, furniture aside.

    Aligned through the two maps, so a character that was moved or doubled cannot pass for another.
    """
    got: list[tuple[str, int]] = []
    for character, raw in zip(repaired.text, repaired.origin.tolist(), strict=True):
        place = page.origin[raw]
        if place != FURNITURE:
            got.append((character, place))
    out: list[Mistake] = []
    done, at = 0, 0  # clean text and `got` compared so far
    for i, (character, place) in enumerate([*got, ("", len(clean))]):
        if place < len(clean) and (
            place < done or character.isspace() or clean[place] != character
        ):
            continue
        between = "".join(c for c, _ in got[at:i])
        while "\n\n" in between:  # what parted two lines of furniture
            between = between.replace("\n\n", "\n")
        if clean[done:place] != between:
            out.append(Mistake(done, clean[done:place], between))
        done, at = place + 1, i + 1
    return out


def edits(mistake: Mistake) -> int:
    """Return the Levenshtein distance of the two sides.

    >>> edits(Mistake(0, "ab\\n", "b "))
    2
    """
    row = list(range(len(mistake.got) + 1))
    for i, a in enumerate(mistake.wanted, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(mistake.got, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


def cause(mistake: Mistake) -> str:
    """Name what went wrong, for the table of what is left."""
    wanted, got = mistake.wanted.strip(" "), mistake.got.strip(" ")
    if wanted == got:
        return "blank kept" if len(mistake.got) > len(mistake.wanted) else "blank lost"
    if wanted == "\n":
        return "paragraphs joined"
    if got == "\n":
        return "line break kept"
    if wanted == "-" or got == "-":
        return "hyphen lost" if wanted else "hyphen kept"
    return "other"


def read_texts(path: Path, most: int, field: str = "text") -> Iterator[tuple[int, str]]:
    """Yield (number, text) of the first `most` different texts of a JSONL file."""
    seen: set[str] = set()
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            text = json.loads(line)[field]
            if text not in seen:
                seen.add(text)
                yield number, text
            if len(seen) >= most:
                return


def clean_news(path: Path, most: int, *, measured: bool, short: int = 200) -> list[str]:
    """Return clean articles with headings, one paragraph a line; those under `short` characters are
    left out."""
    out = []
    for number, text in read_texts(path, 10 * most):
        if (number % 5 == 0) is measured and len(text) >= short:
            rng = Random(number)
            out.append("\n".join(with_headings(paragraphs(text[:4000], rng), rng)))
            if len(out) > 1 and rng.random() < 0.3:  # several stories on a page
                out.append("\n".join((out.pop(), out.pop())))
            if len(out) == most:
                break
    return out


def clean_english(paths: Iterable[Path], most: int, *, measured: bool) -> list[str]:
    """Return clean English texts: several contexts, each a paragraph."""
    out = []
    for path in paths:
        lines = [
            line
            for number, text in read_texts(path, 10 * most, "context")
            if (number // 8 % 5 == 0) is measured
            for line in clean_lines(text)
        ]
        out += ["\n".join(lines[i : i + 4]) for i in range(0, len(lines), 4)][:most]
    return out


class Tally:
    """Errors over the pages of one kind of damage."""

    def __init__(self) -> None:
        self.characters = self.before = self.after = self.pages = self.whole = 0
        self.causes: Counter[str] = Counter()
        self.left: list[tuple[str, str]] = []

    def add(self, clean: str, page: Page) -> None:
        """Repair one page and count."""
        unmended = Repaired(page.text, np.arange(len(page.text)))
        self.before += sum(map(edits, mistakes(clean, page, unmended)))
        wrong = mistakes(clean, page, repair(page.text))
        self.after += sum(map(edits, wrong))
        self.characters += len(clean)
        self.pages += 1
        self.whole += not wrong
        for mistake in wrong:
            name = cause(mistake)
            self.causes[name] += edits(mistake)
            around = clean[max(0, mistake.place - 24) : mistake.place + len(mistake.wanted) + 24]
            self.left.append((name, f"{mistake.wanted!r} → {mistake.got!r} in {around!r}"))


def by_damage(texts: Sequence[str], *, seed: int = 0) -> dict[str, Tally]:
    """Return the tally of every kind of damage, each over hard-wrapped pages too, and of all
    mixed."""
    tallies: dict[str, Tally] = {}
    for number, clean in enumerate(texts):
        rng = Random(f"{seed} {number}")
        for name in DAMAGES:
            tallies.setdefault(name, Tally()).add(clean, damaged(clean, [name], rng))
        tallies.setdefault("wrapped, column breaks", Tally()).add(
            clean, damaged(clean, ["hard_wraps", "column_breaks"], rng)
        )
        tallies.setdefault("wrapped, blank lines", Tally()).add(
            clean, damaged(clean, ["hard_wraps", "blank_after_every_line"], rng)
        )
        tallies.setdefault("all mixed", Tally()).add(clean, mixture(clean, rng))
    return tallies


def unchanged(texts: Iterable[str]) -> tuple[int, list[Mistake]]:
    """Return how many clean texts there are and what is changed in those that do not pass."""
    wrong = [mistakes(clean, page_of(clean), repair(clean))[:1] for clean in texts]
    return len(wrong), [mistake for mistakes in wrong for mistake in mistakes]


def megabytes_a_second(texts: Sequence[str], *, rounds: int = 2) -> float:
    """Return the speed of repair in MB of UTF-8 a second, the best of some rounds, each text for
    itself."""
    size = sum(len(t.encode()) for t in texts) / 1e6
    best = 0.0
    for _ in range(rounds):
        started = time.perf_counter()
        for text in texts:
            repair(text)
        best = max(best, size / (time.perf_counter() - started))
    return best


# ---- fitting --------------------------------------------------------------------------------

_PAIRS = 52_000  # common pairs kept: 200 kB
_SEEN = 40  # times a pair must occur to be kept
_CHARACTERS = 12_000_000  # of news that pairs are counted in


def language_table(texts: Iterable[str]) -> dict[str, npt.NDArray[Any]]:
    """Count which characters stand together, and which begin and end sentences, as arrays of the
    weights file."""
    codes = np.minimum(code_points("\n".join(texts)), 0xFFFF)
    kinds = kind_table()[codes]
    word = np.isin(kinds, (1, 10, 11, 12, 17, 18)) & (codes > 32)
    single = np.bincount(codes, minlength=0x10000).astype(np.float64)
    both = word[:-1] & word[1:]
    pairs, counts = np.unique(
        (codes[:-1][both] << np.uint32(16)) | codes[1:][both], return_counts=True
    )
    total = len(codes)
    a, b = pairs >> 16, pairs & 0xFFFF
    information = np.log(counts * total / (single[a] * single[b]))
    latin = (a < 0x80) & (b < 0x80)
    keep = np.flatnonzero((counts >= _SEEN) & ~latin)
    keep = np.sort(keep[np.argsort(-counts[keep], kind="stable")[:_PAIRS]])
    # a sentence begins after a stop or a newline, and ends before one
    stop = np.isin(kinds, (2,)) | (codes == 10)
    opening = _log_odds(codes[1:], stop[:-1])
    closing = _log_odds(codes[:-1], stop[1:])
    characters = np.flatnonzero((opening != 0) | (closing != 0))
    return {
        "pairs": np.diff(pairs[keep].astype(np.int64), prepend=0).astype(np.uint32),
        "common": np.clip(np.round(8 * information[keep]), -127, 127).astype(np.int8),
        "characters": characters.astype(np.uint16),
        "openings": np.stack([opening, closing])[:, characters].astype(np.int8),
    }


def _log_odds(codes: npt.NDArray[np.uint32], at_border: npt.NDArray[np.bool_]) -> npt.NDArray[Any]:
    """Return by character how much more often than others it stands at a border, in quarters of a
    natural log; 0 for what is rare."""
    inside = np.bincount(codes, minlength=0x10000).astype(np.float64)
    border = np.bincount(codes[at_border], minlength=0x10000).astype(np.float64)
    share = at_border.mean()
    ratio = np.log((border + 10 * share) / (inside + 10) / share)
    return np.where(inside >= 30, np.clip(np.round(4 * ratio), -127, 127), 0)


def _up_to_breaks(text: str) -> Repaired:
    """Return a page as the rule that joins lines meets it."""
    done = Repaired(text, np.arange(len(text)))
    for rule in RULES[: RULES.index(line_breaks)]:
        done = apply(done, rule(done.text))
    return done


def examples(
    clean: str, page: Page, table: Weights
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
    """Return the indicators of every break of a page, and whether the text goes on there."""
    done = _up_to_breaks(page.text)
    lines = find_lines(code_points(done.text))
    if len(lines.starts) < 2:
        return np.zeros((0, 0), np.int32), np.zeros(0, np.bool_)
    places = np.array(page.origin)[done.origin]
    newlines = np.concatenate([[0], np.cumsum([c == "\n" for c in clean])])
    goes_on, known = [], []
    for end, start in zip(lines.ends[:-1].tolist(), lines.starts[1:].tolist(), strict=True):
        while end and places[end - 1] < 0 and done.text[end - 1] == "-":
            end -= 1  # the hyphen of a word cut in two is nowhere in the clean text
        a, b = places[end - 1], places[start]
        goes_on.append(a >= 0 and b >= 0 and newlines[a + 1] == newlines[b])
        known.append(a >= 0 and b >= 0)
    active = indicators(fields_of(done.text, lines, table))
    chosen = np.array(known)
    return active[chosen], np.array(goes_on)[chosen]


def fit(
    active: npt.NDArray[np.int32], goes_on: npt.NDArray[np.bool_], weight: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float32], float]:
    """Return the weights of the indicators and the bias: logistic regression with a ridge, by Adam
    in batches."""
    n, size = layout()[1], 4096
    theta, rng = np.zeros(n + 1, np.float64), np.random.default_rng(0)
    mean, square, step = np.zeros_like(theta), np.zeros_like(theta), 0
    epochs = 8
    for epoch in range(epochs):
        rate = 0.03 * (1 - epoch / epochs)
        order = rng.permutation(len(active))
        for at in range(0, len(order), size):
            batch = order[at : at + size]
            rows = active[batch]
            z = theta[rows].sum(axis=1) + theta[n]
            wrong = (1 / (1 + np.exp(-z)) - goes_on[batch]) * weight[batch]
            gradient = np.bincount(
                rows.ravel(), np.repeat(wrong, rows.shape[1]), minlength=n + 1
            ) / len(batch)
            gradient[n] = wrong.mean()
            gradient[:n] += 2e-6 * theta[:n]
            step += 1
            mean = 0.9 * mean + 0.1 * gradient
            square = 0.999 * square + 0.001 * gradient**2
            theta -= rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return theta[:n].astype(np.float32), float(theta[n])


def training_pages(zh: Sequence[str], en: Sequence[str]) -> Iterator[tuple[str, Page, float]]:
    """Yield clean text, page and weight: mixtures, plain wraps, single breaks, clean text."""
    for number, clean in enumerate([*zh, *en]):
        rng = Random(f"fit {number}")
        yield clean, page_of(clean), 2.0
        yield clean, mixture(clean, rng), 1.0
        yield clean, damaged(clean, ["hard_wraps", "column_breaks"], rng), 1.0
        yield clean, damaged(clean, ["hard_wraps", "blank_after_every_line"], rng), 1.0
        places = [name for name in DAMAGES if name.startswith("break_in")]
        yield clean, damaged(clean, [*places, "furniture"], rng), 1.0
        yield clean, damaged(clean, ["hard_wraps", *places, "spaced_runs"], rng), 1.0
        lines = clean.split("\n")
        listed = "\n".join(with_structures(lines, rng))
        yield listed, page_of(listed), 2.0
        yield listed, mixture(listed, rng), 1.0
        yield listed, damaged(listed, ["hard_wraps", *rng.sample(places, 2)], rng), 1.0
        # short ones: little layout to go by
        for few in (1, 1, 2, 3):
            at = rng.randint(0, max(0, len(lines) - few))
            short = "\n".join(with_structures(lines[at : at + few], rng)[:6])
            yield short, page_of(short), 2.0
            yield short, damaged(short, ["hard_wraps"], rng), 1.0
            yield short, damaged(short, [rng.choice(places)], rng), 1.0


_PAGE_WEIGHT = 2.0  # of a break on a page of several stories, against one of damaged news


def page_examples(
    page: TruePage, table: Weights
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
    """Return the indicators of every break of a page of several stories, and whether the text goes
    on there: it does inside one part, a wrapped headline too, and never beside furniture."""
    done = _up_to_breaks(page.text)
    lines = find_lines(code_points(done.text))
    if len(lines.starts) < 2:
        return np.zeros((0, 0), np.int32), np.zeros(0, np.bool_)
    last, first = done.origin[lines.ends[:-1] - 1], done.origin[lines.starts[1:]]
    same = (page.article[last] == page.article[first]) & (page.part[last] == page.part[first])
    goes_on = same & (page.article[first] >= 0) & (page.place[first] > page.place[last])
    return indicators(fields_of(done.text, lines, table)), goes_on


def simulated_pages(folder: Path, most: int) -> Iterator[TruePage]:
    """Yield pages to fit by: of stories whose number does not end in 0 or 5."""
    mixed = mixed_stories(folder, Random(0))
    yield from pages((s for n, s in enumerate(mixed) if n % 5), most)


def train(news: Path, english: Sequence[Path], folder: Path | None, most: int) -> None:
    """Fit language table and weights, and write them."""
    fitting = [t for n, t in read_texts(news, 10**6) if n % 5]
    cut, size = 0, 0
    while cut < len(fitting) and size < _CHARACTERS:
        size += len(fitting[cut])
        cut += 1
    stored = language_table("\n".join(clean_lines(t)) for t in fitting[:cut])
    untrained: dict[str, npt.NDArray[Any]] = {
        "indicators": np.zeros(layout()[1], np.float16),
        "bias": np.zeros(1, np.float32),
    }
    table = unpacked(stored | untrained)
    zh = clean_news(news, most, measured=False)
    en = clean_english(english, most // 4, measured=False)
    rows, labels, weights = [], [], []
    for clean, page, weight in training_pages(zh, en):
        active, goes_on = examples(clean, page, table)
        if len(goes_on):
            rows.append(active)
            labels.append(goes_on)
            weights.append(np.full(len(goes_on), weight, np.float32))
    for laid_out in simulated_pages(folder, 3 * most) if folder else ():
        active, goes_on = page_examples(laid_out, table)
        if len(goes_on):
            rows.append(active)
            labels.append(goes_on)
            weights.append(np.full(len(goes_on), _PAGE_WEIGHT, np.float32))
    active, goes_on = np.concatenate(rows), np.concatenate(labels)
    theta, bias = fit(active, goes_on, np.concatenate(weights))
    wrong = ((theta[active].sum(axis=1) + bias > 0) != goes_on).mean()
    print(f"{len(goes_on)} breaks, {goes_on.mean():.3f} go on, {wrong:.5f} decided wrongly")
    fitted: dict[str, npt.NDArray[Any]] = {
        "indicators": theta.astype(np.float16),
        "bias": np.array([bias], np.float32),
    }
    np.savez_compressed(WEIGHTS, allow_pickle=False, **stored, **fitted)


def main() -> None:
    """Run one of the commands."""
    parser = argparse.ArgumentParser(description="measure or fit rag.repair")
    parser.add_argument("command", choices=("measure", "fit"))
    parser.add_argument("--news", type=Path, required=True)
    parser.add_argument("--data", type=Path, help="folder of the stories of simulated pages")
    parser.add_argument("--english", type=Path, nargs="*", default=[])
    parser.add_argument("--most", type=int, default=300, help="documents of each language")
    parser.add_argument("--left", type=int, default=0, help="errors of each cause to print")
    args = parser.parse_args()
    if args.command == "fit":
        train(args.news, args.english, args.data, args.most)
        return
    zh = clean_news(args.news, args.most, measured=True)
    en = clean_english(args.english, args.most, measured=True)
    for language, texts in (("zh", zh), ("en", en)):
        if not texts:
            continue
        n, wrong = unchanged(texts)
        print(f"{language}: clean text unchanged {1 - len(wrong) / n:.4f} of {n}")
        for mistake in wrong[: args.left]:
            print("   ", mistake)
        print(f"{language}: MB/s clean {megabytes_a_second(texts):.1f}")
        for name, tally in by_damage(texts).items():
            rates = [100 * x / tally.characters for x in (tally.before, tally.after)]
            causes = ", ".join(
                f"{k} {100 * v / tally.characters:.3f}" for k, v in tally.causes.most_common(5)
            )
            whole = tally.whole / tally.pages
            print(f"  {name:28s}{rates[0]:8.3f} % →{rates[1]:7.3f} %  whole {whole:.3f}  {causes}")
            if name == "all mixed" and args.left:
                rng = Random(0)
                for kind in tally.causes:
                    some = [text for k, text in tally.left if k == kind]
                    for text in rng.sample(some, min(len(some), args.left)):
                        print(f"      {kind}: {text}")


if __name__ == "__main__":
    main()
