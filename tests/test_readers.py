"""The reader: tokens, features, the network as it is run against the same network in torch, and its
loss."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from rag.errors import ModelError
from rag.readers.examples import (
    collate,
    keep_examples,
    kept_examples,
    make_example,
    token_span,
)
from rag.readers.extractive import MAX_SPAN, WEIGHTS, ExtractiveReader, best_spans
from rag.readers.features import match_features
from rag.readers.graph import eight_bits
from rag.readers.judge import FILE as JUDGE
from rag.readers.tokens import NUMBER, UNKNOWN, Vocabulary, kind
from rag.readers.train import ReaderNetwork, mean_of, resume, save, span_loss
from rag.readers.words import load_word_table

PASSAGE = "产业发展火热，7月交付人形机器人105台创了纪录，8月的目标是200台！"
QUESTION = "松延动力7月交付多少台?"


@pytest.fixture(scope="module")
def reader() -> ExtractiveReader:
    return ExtractiveReader.load()


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.load(WEIGHTS / "vocabulary.tsv")


# -- tokens ------------------------------------------------------------------------------------


def test_numbers_and_common_words_are_one_token(vocabulary):
    tokens = vocabulary.cut(["7月交付人形机器人105台，增长3.6%"])[0]
    pieces = [tokens.text[a:b] for a, b in tokens.borders]
    assert {"105", "机器人", "交付", "3.6", "%"} <= set(pieces)
    assert tokens.ids[pieces.index("105")] == NUMBER


@given(st.text(alphabet="机器人 交付105.台ａＢ臺“”,，。\n☃abc", max_size=60))
@settings(max_examples=60, deadline=None)
def test_tokens_stand_in_order_and_leave_out_white_space_only(text):
    vocabulary = Vocabulary(["机器人", "机", "器", "交付"], [-5.0, -9.0, -9.0, -6.0], "机器人")
    tokens = vocabulary.cut([text])[0]
    covered = {i for a, b in tokens.borders for i in range(a, b)}
    assert all(text[i].isspace() for i in set(range(len(text))) - covered)
    assert all(a < b for a, b in tokens.borders)
    assert all(x[1] <= y[0] for x, y in zip(tokens.borders, tokens.borders[1:], strict=False))


@pytest.mark.parametrize(
    ("piece", "expected"),
    [("105", 1), ("2025", 2), ("3.6", 3), ("三十", 4), ("台", 5), ("ai", 6), ("“", 7), ("，", 9)],
)
def test_kinds_of_tokens_are_told_apart(piece, expected):
    assert kind(piece) == expected


def test_a_saved_vocabulary_cuts_as_before(vocabulary, tmp_path):
    vocabulary.save(tmp_path / "v.tsv")
    again = Vocabulary.load(tmp_path / "v.tsv")
    for a, b in zip(again.cut([PASSAGE])[0], vocabulary.cut([PASSAGE])[0], strict=True):
        assert np.array_equal(a, b)


# -- features ----------------------------------------------------------------------------------


def features_of(vocabulary, question: str, passage: str):
    table = load_word_table(WEIGHTS / "words.safetensors")
    q, p = vocabulary.cut([question])[0], vocabulary.cut([passage])[0]
    return match_features(q, p, table.match, table.rarity), p


def test_the_sentence_that_answers_covers_more_of_the_question(vocabulary):
    text = "松延动力7月交付人形机器人105台。北京举办了运动会。"
    features, tokens = features_of(vocabulary, QUESTION, text)
    border = text.index("北京")
    first = tokens.borders[:, 1] <= border
    assert features.passage[first, 4].min() > features.passage[~first, 4].max()


def test_an_english_word_matches_its_chinese_one_softly(vocabulary):
    features, tokens = features_of(vocabulary, "robot", "机器人在跑步。北京举办了会议。")
    words = [tokens.text[a:b] for a, b in tokens.borders]
    soft = dict(zip(words, features.passage[:, 8], strict=True))
    assert soft["机器人"] > 0.5 > soft["北京"]


@given(
    st.text(alphabet="松延动力7月交付台多少北京。，", max_size=40),
    st.text(alphabet="松延动力交付9台", max_size=12),
)
@settings(max_examples=60, deadline=None)
def test_features_are_finite_and_bounded_for_any_text(passage, question):
    vocabulary = Vocabulary.load(WEIGHTS / "vocabulary.tsv") if not _kept else _kept[0]
    _kept[:] = [vocabulary]
    features, tokens = features_of(vocabulary, question, passage)
    assert features.passage.shape == (len(tokens.ids), 16)
    assert np.isfinite(features.passage).all() and np.isfinite(features.question).all()
    assert features.passage.min(initial=0) >= 0 and features.passage.max(initial=0) <= 8


_kept: list[Vocabulary] = []


def test_a_run_of_words_may_hold_a_blank_but_not_begin_with_one(vocabulary):
    features, tokens = features_of(vocabulary, "new york在哪里", "他去了 new york city")
    words = [tokens.text[a:b] for a, b in tokens.borders]
    run = dict(zip(words, features.passage[:, 1], strict=True))
    assert run["new"] == run["york"] == 1  # eight characters of eight
    assert run["city"] < 0.5


def test_a_number_matches_only_the_same_number(vocabulary):
    features, tokens = features_of(vocabulary, "105台是什么时候", "57家交付105台")
    words = [tokens.text[a:b] for a, b in tokens.borders]
    same = dict(zip(words, features.passage[:, 0], strict=True))
    assert same["105"] == 1 and same["57"] == 0


# -- the network -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def untrained(tmp_path_factory) -> tuple[ReaderNetwork, ExtractiveReader]:
    """The same random network twice: in torch, and saved and loaded to read."""
    return random_network(tmp_path_factory.mktemp("reader"), 128)


def random_network(folder: Path, width: int) -> tuple[ReaderNetwork, ExtractiveReader]:
    torch.manual_seed(0)
    table = load_word_table(WEIGHTS / "words.safetensors")
    vocabulary = Vocabulary.load(WEIGHTS / "vocabulary.tsv")
    characters = len(vocabulary.characters) + 2
    network = ReaderNetwork(torch.from_numpy(table.vectors), characters, width).eval()
    torch.nn.init.normal_(network.own.weight, 0, 0.3)
    for bias in (array for name, array in network.named_parameters() if name.endswith("bias")):
        torch.nn.init.normal_(bias, 0, 0.3)
    save(network, folder, {})
    for name in ("vocabulary.tsv", "words.safetensors", "calibration.json"):
        (folder / name).write_bytes((WEIGHTS / name).read_bytes())
    return network, ExtractiveReader.load(folder)


def test_training_goes_on_from_the_weights_it_wrote(untrained, tmp_path):
    network, _ = untrained
    save(network, tmp_path, {})
    torch.manual_seed(1)
    other = ReaderNetwork(network.words.weight, network.characters.num_embeddings)
    resume(other, tmp_path)
    for name, weight in network.state_dict().items():
        torch.testing.assert_close(other.state_dict()[name], weight, rtol=1e-3, atol=1e-2)


def test_a_judge_of_the_network_before_goes_when_another_is_saved(untrained, tmp_path):
    network, _ = untrained
    (tmp_path / JUDGE).write_bytes((WEIGHTS / JUDGE).read_bytes())
    save(network, tmp_path, {})
    assert not (tmp_path / JUDGE).exists()


def test_the_mean_of_two_runs_lies_between_them(untrained, tmp_path):
    network, _ = untrained
    state = network.state_dict()
    for name, factor in (("one", 1.0), ("other", 3.0)):
        (tmp_path / name).mkdir()
        scaled = {k: v * factor for k, v in state.items() if k != "words.weight"}
        save_file(scaled, tmp_path / name / "network.safetensors")
    mean = mean_of([tmp_path / "one", tmp_path / "other"])
    for name, weight in mean.items():
        torch.testing.assert_close(weight, state[name] * 2)


def test_blocks_that_the_weights_do_not_have_begin_by_changing_nothing(untrained, tmp_path):
    network, _ = untrained
    saved = {name: array for name, array in network.state_dict().items() if name != "words.weight"}
    last = f"blocks.{len(network.blocks) - 1}."
    save_file(
        {name: array for name, array in saved.items() if not name.startswith(last)},
        tmp_path / "network.safetensors",
    )
    torch.manual_seed(1)
    grown = ReaderNetwork(network.words.weight, network.characters.num_embeddings).eval()
    resume(grown, tmp_path)
    x = torch.randn(1, 5, grown.norm.weight.shape[0])
    torch.testing.assert_close(grown.blocks[-1](x), x)
    torch.testing.assert_close(grown.start.weight, network.start.weight)


def test_training_does_not_go_on_from_another_network(untrained, tmp_path):
    network, _ = untrained
    state = {name: array for name, array in network.state_dict().items() if "null" not in name}
    save_file(state, tmp_path / "network.safetensors")
    with pytest.raises(SystemExit, match="another network"):
        resume(network, tmp_path)


@pytest.mark.parametrize("width", [128, 64])
def test_the_graph_and_torch_give_the_same_scores(width, untrained, tmp_path):
    network, reader = untrained if width == 128 else random_network(tmp_path, width)
    assert furthest_apart(network, reader) < 0.05  # weights are stored as float16


def test_the_bundled_weights_score_in_8_bits_as_in_torch(reader):
    table = load_word_table(WEIGHTS / "words.safetensors")
    characters = len(reader._vocabulary.characters) + 2
    network = ReaderNetwork(torch.from_numpy(table.vectors), characters).eval()
    resume(network, WEIGHTS)
    assert furthest_apart(network, reader) < 0.3  # of scores up to 7 from 0


def furthest_apart(network: ReaderNetwork, reader: ExtractiveReader) -> float:
    """Return how far the scores of a span in torch are from those read, at most."""
    table = load_word_table(WEIGHTS / "words.safetensors")
    question, short, *passages = reader._vocabulary.cut(
        [QUESTION, "谁", PASSAGE, "北京市经信局局长姜广智说，目前已培育57家企业。", "是。"]
    )
    furthest = 0.0
    for asked in (question, short):
        mine = reader._look(asked, passages, [[]] * len(passages))
        examples = [make_example(asked, p, table, (-1, -1), 1.0) for p in passages]
        with torch.no_grad():
            spans, null = network(*collate(examples).inputs)
        for row, read in enumerate(mine):
            n, grid = len(passages[row].ids), read.scores
            theirs = (spans[row, :n, :n] - null[row]).numpy()
            assert grid.shape == (n, n)
            furthest = max(furthest, float(np.abs(grid - theirs).max()))
    return furthest


def test_weights_in_8_bits_are_off_by_half_a_step():
    weight = np.random.default_rng(0).normal(size=(4, 9)).astype(np.float32) * [
        [1],
        [1e-6],
        [9],
        [0],
    ]
    whole, scales = eight_bits(weight.astype(np.float32))
    assert whole.dtype == np.int8
    step = np.abs(weight).max(1) / 64
    assert (np.abs(whole * scales[:, None] - weight) <= step[:, None] * 0.501).all()


@pytest.mark.parametrize("weight", [np.ones((2, 6)), -np.ones((2, 6)), np.eye(6)], ids=str)
def test_two_products_in_8_bits_fit_into_16(weight):
    whole, _ = eight_bits(weight.astype(np.float32))
    assert 2 * 255 * np.abs(whole.astype(int)).max() <= np.iinfo(np.int16).max


def test_a_longer_neighbour_in_the_batch_changes_no_score(untrained):
    _, reader = untrained
    alone = reader.read(QUESTION, [PASSAGE])
    beside = [r for r in reader.read(QUESTION, [PASSAGE, PASSAGE * 4]) if r.passage == 0]
    assert [r.span for r in alone] == [r.span for r in beside]
    assert np.allclose([r.score for r in alone], [r.score for r in beside], atol=1e-3)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_any_number_of_threads_reads_the_same(threads):
    reader = ExtractiveReader.load(threads=threads)
    passages = [PASSAGE, "北京已培育57家企业。", PASSAGE[::-1], "8月交付200台。"]
    expected = [r for k, p in enumerate(passages) for r in one_by_one(k, p)]
    assert sorted(reader.read(QUESTION, passages), key=place) == sorted(expected, key=place)


def one_by_one(number: int, passage: str):
    readings = ExtractiveReader.load(threads=1).read(QUESTION, [passage])
    return [reading._replace(passage=number) for reading in readings]


def place(reading):
    return reading.passage, reading.span.start, reading.span.end


def test_a_reader_may_be_asked_by_several_threads_at_once():
    reader = ExtractiveReader.load(threads=2)
    asked = [(QUESTION, [PASSAGE[k:], "北京已培育57家企业。"]) for k in range(8)] * 3
    alone = [reader.read(*each) for each in asked]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda each: reader.read(*each), asked)) == alone


def test_the_number_of_threads_is_that_of_the_environment(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert ExtractiveReader.load() is ExtractiveReader.load(threads=3)


def test_a_network_that_does_not_fit_is_a_model_error(tmp_path):
    for file in WEIGHTS.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    arrays = load_file(WEIGHTS / "network.safetensors")
    save_file(arrays | {"blocks.0.taps": torch.zeros(5, 7)}, tmp_path / "network.safetensors")
    with pytest.raises(ModelError, match="install Youju again"):
        ExtractiveReader.load(tmp_path)


def test_the_loss_falls_when_the_right_span_scores_higher():
    target, weight = torch.tensor([[1, 2]]), torch.ones(1)
    spans, null = torch.zeros(1, 5, 5), torch.zeros(1)
    better = spans.clone()
    better[0, 1, 2] = 3
    assert span_loss(better, null, target, weight) < span_loss(spans, null, target, weight)


def test_the_loss_of_an_absent_answer_falls_when_null_scores_higher():
    absent, weight = torch.tensor([[-1, -1]]), torch.ones(1)
    spans = torch.zeros(1, 5, 5)
    higher = span_loss(spans, torch.full((1,), 3.0), absent, weight)
    assert higher < span_loss(spans, torch.zeros(1), absent, weight)


# -- reading -----------------------------------------------------------------------------------


def test_the_bundled_reader_finds_the_number_that_the_question_asks_for(reader):
    passage = "北京市经信局局长姜广智说，目前北京已培育机器人企业57家，8月交付200台。"
    best = reader.read("北京培育了多少家机器人企业?", [passage])[0]
    assert "57" in passage[best.span.start : best.span.end]


def test_readings_come_best_first_and_lie_inside_their_passages(reader):
    passages = [PASSAGE, "北京市经信局局长姜广智说，目前已培育57家企业。"]
    readings = reader.read(QUESTION, passages, per_passage=3)
    assert [r.score for r in readings] == sorted((r.score for r in readings), reverse=True)
    assert len({(r.passage, r.span) for r in readings}) == len(readings)
    for r in readings:
        assert 0 <= r.span.start < r.span.end <= len(passages[r.passage])


@pytest.mark.parametrize(
    ("question", "passages"),
    [(QUESTION, []), (QUESTION, ["", " \n"]), ("", [PASSAGE]), ("   ", [PASSAGE])],
    ids=["no passage", "empty passages", "empty question", "blank question"],
)
def test_nothing_to_read_gives_no_reading(reader, question, passages):
    assert reader.read(question, passages) == []


def testbest_spans_equal_a_search_through_all():
    rng = np.random.default_rng(0)
    for n in (1, 3, 60):
        grid = rng.normal(size=(n, n)).astype(np.float32)
        allowed = [(i, j) for i in range(n) for j in range(i, min(n, i + MAX_SPAN))]
        first = max(allowed, key=lambda place: grid[place])
        rest = [(i, j) for i, j in allowed if j < first[0] or i > first[1]]
        expected = [first] + ([max(rest, key=lambda place: grid[place])] if rest else [])
        found = [(i, j) for i, j, _ in best_spans(grid, 2)]
        assert found[: len(expected)] == expected
        assert all(i <= b and j >= a for i, j in found[len(expected) :] for a, b in expected[:1])


def test_a_folder_without_weights_is_a_model_error(tmp_path: Path):
    with pytest.raises(ModelError, match="install Youju again"):
        ExtractiveReader.load(tmp_path)


# -- examples ----------------------------------------------------------------------------------


def test_an_answer_is_found_again_through_its_tokens(vocabulary):
    tokens = vocabulary.cut([PASSAGE])[0]
    start = PASSAGE.index("105台")
    first, last = token_span(tokens, start, start + 4)
    assert PASSAGE[tokens.borders[first, 0] : tokens.borders[last, 1]] == "105台"


def test_blinding_hides_words_but_not_their_kinds(vocabulary):
    table = load_word_table(WEIGHTS / "words.safetensors")
    q, p = vocabulary.cut([QUESTION])[0], vocabulary.cut([PASSAGE])[0]
    example = make_example(q, p, table, (0, 0), 1.0)
    seen = collate([example]).inputs[0]
    blind = collate([example], blind=0.5, rng=np.random.default_rng(0)).inputs[0]
    assert (blind[0] == UNKNOWN).sum() > (seen[0] == UNKNOWN).sum()
    assert torch.equal(blind[3], seen[3])


@pytest.fixture(scope="module")
def maker(tmp_path_factory):
    import lzma

    from rag.readers.made import QuestionMaker

    data = tmp_path_factory.mktemp("data")
    (data / "dictionary").mkdir()
    path = data / "dictionary" / "wordnet_zh_en.tsv.xz"
    with lzma.open(path, "wt", encoding="utf-8") as out:
        out.write("交付\tdeliver\n交给\tdeliver\n")
    return QuestionMaker(data, seed=3)


def answers(maker, sentence: str) -> set[str]:
    """What 200 questions about a sentence ask for, those left out that hold their answer."""
    made = [m for _ in range(200) if (m := maker.from_sentence(sentence))]
    asked = [(m.question, sentence[m.start : m.end]) for m in made]
    return {answer for question, answer in asked if answer not in question}


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        pytest.param("松延动力7月交付人形机器人105台，创了纪录。", {"105台", "7月"}, id="numbers"),
        pytest.param("主教练张玉峰说：“他们已经有教练了。”", {"他们已经有教练了。"}, id="said"),
        pytest.param("因与城区马拉松冲突，大桥改在周末封闭。", {"与城区马拉松冲突"}, id="why"),
        pytest.param(
            "所谓接驳服务，是指把老人从家里接到社区食堂。", {"把老人从家里接到社区食堂"}, id="what"
        ),
        pytest.param(
            "护理券只能买服务，不能在药店兑换现金。", {"不能在药店兑换现金"}, id="whether"
        ),
        pytest.param("运费由210元降到187元，时间缩短两天。", {"210元降到187元"}, id="two"),
    ],
)
def test_questions_are_made_for(maker, sentence, wanted):
    assert wanted <= answers(maker, sentence)


def test_a_window_keeps_its_answer_wherever_it_is_cut():
    from rag.readers.examples import window

    rng = random.Random(0)
    context = "".join(chr(0x4E00 + i % 900) for i in range(1500))
    for _ in range(200):
        start = rng.randrange(1490)
        end = min(1500, start + rng.randrange(1, 60))
        task = window("?", context, start, end, 1.0, rng)
        assert task.passage[task.start : task.end] == context[start:end]


def test_kept_examples_come_back_as_they_were(tmp_path, vocabulary):
    table = load_word_table(WEIGHTS / "words.safetensors")
    q, who, p, none = vocabulary.cut([QUESTION, "谁", PASSAGE, "没有人。"])
    one, two = make_example(q, p, table, (1, 2), 1.25), make_example(who, none, table, (-1, -1), 1)
    parts = [[one, two], [], [two]]
    keep_examples(tmp_path / "examples.npz", *parts)
    for kept, put in zip(kept_examples(tmp_path / "examples.npz"), parts, strict=True):
        assert len(kept) == len(put)
        for there, here in zip(kept, put, strict=True):
            assert there.target == here.target and there.weight == here.weight
            assert there.passage_ids == here.passage_ids
            for name in ("passage", "passage_features", "question", "question_features"):
                assert np.array_equal(getattr(there, name), getattr(here, name))
                assert getattr(there, name).dtype == getattr(here, name).dtype
