"""The commands of who runs Youju for others: config, doctor, password, completion."""

from __future__ import annotations

import io
import json
import shutil
import socket
import subprocess
import sys

import pytest

from rag.ingest import index_paths
from ui.cli import main
from ui.configuration import in_force
from ui.serve.passwords import Doorkeeper, hashed, parse_users


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    """Run a command in a folder of its own; return status, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(list(arguments))
        return status, *capsys.readouterr()

    return command


def test_config_says_what_is_in_force_and_from_where(run, tmp_path, monkeypatch):
    (tmp_path / "youju.toml").write_text("candidates = 20\n[serve]\nrate = 3\n", "utf-8")
    monkeypatch.setenv("YOUJU_SERVE_BURST", "7")
    monkeypatch.setenv("YOUJU_CANDIDATES", "30")
    status, out, _ = run("config", "--json")
    found = json.loads(out)
    assert status == 0
    assert found["candidates"] == {"value": 30, "from": "YOUJU_CANDIDATES"}
    assert found["serve.rate"] == {"value": 3.0, "from": "youju.toml"}
    assert found["serve.burst"] == {"value": 7, "from": "YOUJU_SERVE_BURST"}
    assert found["overlap_chars"] == {"value": 90, "from": "default"}
    assert "serve.burst" in run("config")[1]


def test_config_shows_no_secret(tmp_path):
    environment = {
        "YOUJU_TOKEN": "a-secret-of-the-test",
        "YOUJU_SERVE_USERS": f"alice:{hashed('x')}",
    }
    shown = str(in_force(tmp_path / "none.toml", environment=environment))
    assert "a-secret" not in shown and "scrypt" not in shown and "alice" in shown


def test_config_names_a_setting_that_cannot_be(run, tmp_path):
    (tmp_path / "youju.toml").write_text("[serve]\nrat = 3\n", "utf-8")
    status, out, err = run("config")
    assert (status, out) == (2, "") and "serve.rat" in err


def test_doctor_finds_a_sound_installation_sound(run, tmp_path):
    (tmp_path / "a.txt").write_text("今年7月交付人形机器人105台。", "utf-8")
    index_paths(tmp_path / ".youju", [tmp_path / "a.txt"])
    status, out, _ = run("doctor", "--json", "--index", ".youju")
    found = {f["what"]: f for f in json.loads(out)}
    assert "1 sources, 1 articles" in found["index"]["words"]
    assert found["embedder"]["ok"] and "Python" in found["versions"]["words"]
    assert status == (0 if all(f["ok"] for f in found.values()) else 1)


def test_doctor_says_what_is_wrong_and_goes_on(run, tmp_path):
    (tmp_path / "youju.toml").write_text("[serve]\nrat = 3\n", "utf-8")
    status, out, _ = run("doctor", "--index", "nowhere")
    bad = [line for line in out.splitlines() if line.startswith("BAD")]
    assert status == 1
    assert any("serve.rat" in line for line in bad) and any("no index" in line for line in bad)
    assert "ok  embedder" in out


def test_a_password_from_standard_input_becomes_a_login(run, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("correct horse\n"))
    status, out, _ = run("password", "alice")
    assert status == 0 and "horse" not in out
    door = Doorkeeper("", parse_users(out.strip()))
    assert door.enter("Basic YWxpY2U6Y29ycmVjdCBob3JzZQ==") == "alice"


def test_a_short_password_is_refused(run, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("short\n"))
    status, out, err = run("password", "alice")
    assert (status, out) == (2, "") and "8 or more" in err


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_commands(run):
    status, out, _ = run("completion", "bash")
    assert status == 0
    script = out + '\nCOMP_WORDS=(youju se); COMP_CWORD=1; _shtab_youju; echo "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=30)
    assert "serve" in done.stdout.split(), (done.stdout, done.stderr)


def test_an_address_that_is_taken_is_one_line(run, tmp_path):
    (tmp_path / "a.txt").write_text("今年7月交付人形机器人105台。", "utf-8")
    index_paths(tmp_path / ".youju", [tmp_path / "a.txt"])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        status, out, err = run("serve", "--port", port, "--index", ".youju")
    assert (status, out) == (2, "") and port in err.splitlines()[-1]
