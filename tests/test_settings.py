"""rag.settings: defaults, then the file, then the environment; a bad value is named."""

import dataclasses

import pytest

from rag.errors import YoujuError
from rag.settings import Settings, load_settings


def written(tmp_path, toml):
    file = tmp_path / "youju.toml"
    file.write_text(toml, encoding="utf-8")
    return file


def test_without_file_and_environment_the_defaults_hold():
    assert load_settings(None, {}) == Settings()


def test_a_missing_file_is_no_error(tmp_path):
    assert load_settings(tmp_path / "youju.toml", {}) == Settings()


def test_the_file_overrides_the_defaults(tmp_path):
    file = written(tmp_path, 'embedder = "model"\nmax_chunk_chars = 200\nrefuse_below = 0.4\n')
    assert load_settings(file, {}) == Settings("model", 200, refuse_below=0.4)


def test_the_environment_overrides_the_file(tmp_path):
    file = written(tmp_path, "candidates = 20\npassages_read = 3\n")
    found = load_settings(file, {"YOUJU_CANDIDATES": "30", "PATH": "/bin"})
    assert (found.candidates, found.passages_read) == (30, 3)


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        pytest.param("chunk_size = 3", "unknown setting 'chunk_size'", id="unknown"),
        pytest.param('candidates = "many"', "candidates = 'many'", id="a word for a number"),
        pytest.param("candidates = 2.5", "candidates = 2.5", id="a fraction"),
        pytest.param("candidates = true", "candidates = True", id="a truth value"),
        pytest.param("max_chunk_chars = 0", "max_chunk_chars = 0", id="zero"),
        pytest.param("overlap_chars = -1", "overlap_chars = -1", id="negative"),
        pytest.param("refuse_below = nan", "refuse_below = nan", id="not a number"),
        pytest.param("refuse_below = inf", "refuse_below = inf", id="infinite"),
        pytest.param("embedder = 5", "embedder = 5", id="a number for a name"),
        pytest.param("candidates = ", "not valid TOML", id="no TOML"),
        pytest.param('search = "lexical fast"', "search names 'fast'", id="unknown part"),
    ],
)
def test_a_bad_setting_is_named_in_one_line(tmp_path, toml, words):
    with pytest.raises(YoujuError, match=words) as caught:
        load_settings(written(tmp_path, toml), {})
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_utf_8_is_named(tmp_path):
    file = tmp_path / "youju.toml"
    file.write_bytes(b'embedder = "\xff"')
    with pytest.raises(YoujuError, match=r"youju\.toml"):
        load_settings(file, {})


def test_a_bad_variable_is_named():
    with pytest.raises(YoujuError, match="passages_read = 'six'"):
        load_settings(None, {"YOUJU_PASSAGES_READ": "six"})


def test_an_overlap_of_nothing_is_allowed():
    assert load_settings(None, {"YOUJU_OVERLAP_CHARS": "0"}).overlap_chars == 0


def test_settings_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().candidates = 3
