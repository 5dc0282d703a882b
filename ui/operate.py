"""The commands of who runs Youju for others: serve, mcp, password, config, doctor, completion."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import YoujuError

if TYPE_CHECKING:
    from rag.answer import Bot

_FILE = Path("youju.toml")
Say = Callable[[str], None]


def add_operating_commands(
    commands: Any,
    command: Callable[..., argparse.ArgumentParser],
    open_or_make: Callable[[argparse.Namespace], Bot],
) -> None:
    """Add the commands; `command` adds one, `open_or_make` makes the index where there is none."""
    serve = command(
        commands,
        "serve",
        lambda options: run_server(options, open_or_make),
        "serve the HTTP API, MCP and the chat page",
    )
    serve.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on (default: %(default)s, this machine only;"
        " any other needs YOUJU_TOKEN or serve.users)",
    )
    serve.add_argument("--port", type=int, default=7860)
    command(
        commands,
        "mcp",
        lambda options: _mcp(options, open_or_make),
        "be an MCP server on standard input and output",
    )
    password = commands.add_parser("password", help="make a login for serve.users")
    password.add_argument("name", metavar="NAME")
    password.set_defaults(run=_password)
    config = command(commands, "config", _config, "print the settings in force and their origin")
    config.add_argument("--json", action="store_true", help="as one JSON object")
    doctor = command(commands, "doctor", _doctor, "check versions, models, index and memory")
    doctor.add_argument("--json", action="store_true", help="as one JSON object")
    completion = commands.add_parser("completion", help="print a shell's completion script")
    completion.add_argument("shell", choices=("bash", "zsh", "tcsh"))
    completion.set_defaults(run=_completion)


def _say(words: str) -> None:
    sys.stderr.write(words + "\n")


def _print(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def run_server(
    options: argparse.Namespace, open_or_make: Callable[[argparse.Namespace], Bot]
) -> int:
    """Serve what `options` name until interrupted; make the index where there is none."""
    from rag.ingest import with_embedder
    from rag.settings import load_settings
    from ui.serve.run import check_exposed, serve
    from ui.serve.settings import load_secrets, load_serve_settings

    serving, secrets = load_serve_settings(_FILE), load_secrets()
    check_exposed(options.host, serving, secrets)
    open_or_make(options)
    serve(
        options.index.resolve(),
        settings=with_embedder(load_settings(_FILE), options.embedder),
        serving=serving,
        secrets=secrets,
        host=options.host,
        port=options.port,
        ready=lambda url: _print(f"Youju is at {url}, its API at {url}/docs (Ctrl+C stops it)"),
    )
    return 0


def _mcp(options: argparse.Namespace, open_or_make: Callable[[argparse.Namespace], Bot]) -> int:
    import importlib.util
    from dataclasses import replace

    if importlib.util.find_spec("mcp") is None:
        raise YoujuError("MCP is not installed: `pip install 'youju[mcp]'`")
    from rag.ingest import with_embedder
    from rag.settings import load_settings
    from ui.serve.desk import Desk
    from ui.serve.mcp_server import YoujuMCP
    from ui.serve.settings import load_serve_settings
    from ui.serve.site import our_version

    open_or_make(options)
    settings = with_embedder(load_settings(_FILE), options.embedder)
    # one client: threads of this process do, and it is one process to start and to end
    desk = Desk(settings, replace(load_serve_settings(_FILE), workers=0))
    try:
        YoujuMCP(desk, options.index.resolve(), our_version()).run("stdio")
    finally:
        desk.stop()
    return 0


def _password(options: argparse.Namespace) -> int:
    from ui.serve.passwords import hashed, parse_users

    if sys.stdin.isatty():
        password = getpass.getpass("password: ", stream=sys.stderr)
        if password != getpass.getpass("again: ", stream=sys.stderr):
            raise YoujuError("the two are not the same: try again")
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if len(password) < 8:  # NIST SP 800-63B
        raise YoujuError(f"the password has {len(password)} characters: take 8 or more")
    entry = f"{options.name}:{hashed(password)}"
    parse_users(entry)
    _print(entry)
    _say('put it into youju.toml: [serve] users = ["…"], or into YOUJU_SERVE_USERS')
    return 0


def _config(options: argparse.Namespace) -> int:
    import json

    from ui.configuration import in_force

    rows = in_force(_FILE, options.embedder)
    if options.json:
        _print(json.dumps({r.name: {"value": r.value, "from": r.origin} for r in rows}, indent=1))
        return 0
    width = max(len(row.name) for row in rows)
    for row in rows:
        _print(f"{row.name:{width}} = {json.dumps(row.value, ensure_ascii=False)}  # {row.origin}")
    return 0


def _doctor(options: argparse.Namespace) -> int:
    import json

    from ui.doctor import examine

    found = examine(options.index, _FILE, options.embedder)
    if options.json:
        _print(json.dumps([f._asdict() for f in found], ensure_ascii=False, indent=1))
    else:
        for finding in found:
            _print(f"{'ok ' if finding.ok else 'BAD'} {finding.what:10} {finding.words}")
    return 0 if all(finding.ok for finding in found) else 1


def _completion(options: argparse.Namespace) -> int:
    import shtab

    _print(shtab.complete(options.parser(), options.shell))
    return 0
