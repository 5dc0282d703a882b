"""`youju serve` towards those who mean harm, or too much: logins, other sites, sizes, rates, names
of uploads, and no connection to anywhere."""

from __future__ import annotations

import base64
import io
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import pytest
from serving import ROOT, TOKEN, Running, eventually, serving

from rag.errors import YoujuError
from rag.ingest import index_paths
from rag.store import Store
from ui.serve.limits import Limits
from ui.serve.passwords import Doorkeeper, hashed, matches, parse_users
from ui.serve.problems import Refused
from ui.serve.run import check_exposed
from ui.serve.settings import Secrets, ServeSettings, load_secrets, load_serve_settings
from ui.serve.uploads import checked_file, checked_source

TEXT = "今年7月交付人形机器人105台，创了纪录。"
ALICE, BOB = hashed("alice's password"), hashed("bob's password")
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    """An index of one article, to be copied."""
    folder = tmp_path_factory.mktemp("safety")
    (folder / "a.txt").write_text(TEXT, encoding="utf-8")
    assert not index_paths(folder / "index", [folder / "a.txt"]).problems
    return folder / "index"


@pytest.fixture(scope="module")
def guarded(small):
    """A server with a token, two logins and low limits."""
    limits = {"rate": 1, "burst": 30}
    users = f"alice:{ALICE} bob:{BOB}"
    with serving(small, token=TOKEN, users=users, failed_logins=4, **limits) as server:
        yield server


# -- who may come in ---------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.org"])
def test_an_address_that_others_reach_needs_a_token_or_a_login(host):
    with pytest.raises(YoujuError, match="YOUJU_TOKEN"):
        check_exposed(host, ServeSettings(), Secrets())
    check_exposed(host, ServeSettings(), Secrets(TOKEN))
    check_exposed(host, ServeSettings(users=f"alice:{ALICE}"), Secrets())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.9.1"])
def test_this_machine_needs_none(host):
    check_exposed(host, ServeSettings(), Secrets())


@pytest.mark.parametrize("command", ["serve", "chat"])
def test_exposing_it_without_a_token_is_one_line_and_status_2(command, small):
    done = subprocess.run(
        [sys.executable, "-m", "ui.cli", command, "--host", "0.0.0.0", "--index", str(small)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert "YOUJU_TOKEN" in line


@pytest.mark.parametrize("token", ["short", "a token with spaces", "漢字" * 8])
def test_a_token_that_is_none_is_refused(token):
    with pytest.raises(YoujuError, match="YOUJU_TOKEN"):
        load_secrets({"YOUJU_TOKEN": token})


def test_a_secret_does_not_show_itself():
    assert TOKEN not in f"{Secrets(TOKEN)!r} {Secrets(TOKEN)}"


@pytest.mark.parametrize(
    "path", ["/", "/ask", "/articles", "/metrics", "/mcp", "/v1/models", "/docs"]
)
def test_without_a_token_nothing_is_told(guarded: Running, path):
    reply = guarded.request("GET", path)
    assert reply.status == 401 and "www-authenticate" in reply.headers
    assert guarded.request("GET", "/healthz").status == 200


def test_the_token_opens_everything(guarded: Running):
    assert guarded.request("POST", "/ask", {"question": "7月交付多少台?"}, **BEARER).status == 200
    assert guarded.request("GET", "/metrics", **basic("anyone", TOKEN)).status == 200
    wrong = {"Authorization": f"Bearer {TOKEN}x"}
    assert guarded.request("GET", "/metrics", **wrong).status == 401


def test_a_login_opens_with_its_own_password_only(guarded: Running):
    right = basic("alice", "alice's password") | {"sender": "127.0.0.8"}
    assert guarded.request("GET", "/articles", **right).status == 200
    wrong = [("alice", "bob's password"), ("carol", "alice's password"), ("alice", ""), ("bob", "")]
    replies = [guarded.request("GET", "/articles", sender="127.0.0.8", **basic(*w)) for w in wrong]
    assert [r.status for r in replies] == [401, 401, 401, 429]  # the right one was a try as well
    assert guarded.request("GET", "/articles", **right).status == 200


def test_a_password_is_kept_as_a_salted_hash():
    assert hashed("alice's password") != ALICE
    assert matches("alice's password", ALICE) and not matches("alice's passwore", ALICE)
    assert "password" not in ALICE


@pytest.mark.parametrize(
    "entry", ["alice", "alice:password", "a b:c", "alice:scrypt$2$8$1$c2FsdA$a2V5", f":{ALICE}"]
)
def test_a_login_that_the_command_did_not_make_is_refused(entry):
    with pytest.raises(YoujuError, match=r"serve\.users"):
        parse_users(entry)


def test_a_wrong_password_is_never_remembered_as_right():
    door = Doorkeeper("", {"alice": ALICE})
    right, wrong = (basic("alice", p)["Authorization"] for p in ("alice's password", "x"))
    assert (door.known(right), door.enter(wrong), door.known(wrong)) == (None, None, None)
    assert (door.enter(right), door.known(right)) == ("alice", "alice")


# -- other sites -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plain(small, tmp_path_factory):
    """A server on this machine, without a token, over an index that may be changed."""
    index = tmp_path_factory.mktemp("plain") / "index"
    shutil.copytree(small, index)
    limits = {"max_body_bytes": 50_000, "max_upload_bytes": 400_000, "max_upload_files": 20}
    with serving(index, header_seconds=0.5, body_seconds=0.5, **limits) as server:
        yield server


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil", ""])
def test_a_name_that_is_not_ours_is_turned_away(plain: Running, host):
    assert plain.request("GET", "/articles", Host=host).status in (400, 421)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8080", "[::1]:7860", "192.168.1.7"])
def test_a_name_that_is_ours_or_a_number_is_taken(plain: Running, host):
    assert plain.request("GET", "/articles", Host=host).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
    ],
    ids=["another host", "none", "another port", "as the browser says"],
)
def test_another_sites_page_changes_nothing(plain: Running, headers):
    body = {"sources": [{"name": "evil.txt", "text": TEXT}]}
    assert plain.request("POST", "/index", body, **headers).status == 403
    assert plain.request("DELETE", "/index?source=a.txt", **headers).status == 403
    assert plain.request("GET", "/articles").json()["total"] >= 1


def test_our_own_page_may(plain: Running):
    headers = {"Origin": plain.url, "Sec_Fetch_Site": "same-origin"}
    assert plain.request("POST", "/search", {"question": "105台"}, **headers).status == 200


def test_no_other_site_may_read(plain: Running):
    reply = plain.request("GET", "/articles", Origin="https://evil.example")
    assert not [name for name in reply.headers if name.startswith("access-control")]
    asked = {"Origin": "https://evil.example", "Access_Control_Request_Method": "POST"}
    assert plain.request("OPTIONS", "/ask", **asked).status == 405


@pytest.mark.parametrize("path", ["/healthz", "/docs", "/articles/nosuch", "/v1/models"])
def test_every_response_says_what_browsers_may_do(plain: Running, path):
    headers = plain.request("GET", path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "server" not in headers


# -- too much ----------------------------------------------------------------------------------


def test_a_body_that_is_too_large_is_not_read(plain: Running):
    reply = plain.request("POST", "/ask", b"x" * 50_001, Content_Type="application/json")
    assert reply.status == 413 and "50,000" in reply.json()["error"]
    v1 = plain.request("POST", "/v1/chat/completions", b"x" * 50_001)
    assert v1.status == 413 and "50,000" in v1.json()["error"]["message"]


SAID = {"messages": [{"role": "user", "content": "7月交付多少台?"}]}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param("/search", {"question": "7月交付多少台?", "limit": True}, id="limit true"),
        pytest.param("/search", {"question": "7月交付多少台?", "limit": "5"}, id="limit text"),
        pytest.param("/v1/chat/completions", SAID | {"n": True}, id="n true"),
        pytest.param("/v1/chat/completions", SAID | {"stream": "yes"}, id="stream text"),
        pytest.param("/v1/embeddings", {"input": "105台", "dimensions": True}, id="dimensions"),
    ],
)
def test_a_value_of_another_kind_is_refused(plain: Running, path, body):
    data = json.dumps(body).encode()
    reply = plain.request("POST", path, data, Content_Type="application/json")
    assert reply.status in (400, 422), reply.json()


def talk(server: Running, *pieces: bytes, seconds: float = 5) -> bytes:
    """Send bytes as they are; return all that comes back until the server hangs up."""
    with socket.create_connection(("127.0.0.1", server.port), seconds) as connection:
        for piece in pieces:
            connection.sendall(piece)
        received = b""
        while block := connection.recv(65536):
            received += block
    return received


def test_a_body_of_unknown_length_is_counted(plain: Running):
    head = b"POST /ask HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert b" 413 " in talk(plain, head, b"C351\r\n" + b"x" * 50_001 + b"\r\n")


def test_a_body_that_does_not_arrive_is_not_waited_for(plain: Running):
    head = b"POST /ask HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n"
    assert b" 408 " in talk(plain, head)


@pytest.mark.parametrize("words", [b"", b"GET / HT", b"GET /healthz HTTP/1.1\r\nHost: loc"])
def test_who_says_nothing_is_hung_up_on(plain: Running, words):
    started = time.monotonic()
    assert talk(plain, words) == b""
    assert time.monotonic() - started < 4


def test_a_client_that_asks_too_often_is_told_when_to_come_back(guarded: Running):
    often = BEARER | {"sender": "127.0.0.7"}
    replies = [guarded.request("GET", "/index", **often) for _ in range(45)]
    assert [r.status for r in replies[:30]] == [200] * 30
    assert replies[-1].status == 429 and int(replies[-1].headers["retry-after"]) >= 1
    assert guarded.request("GET", "/index", **BEARER).status == 200  # another address
    assert guarded.request("GET", "/healthz", sender="127.0.0.7").status == 200


def test_tokens_come_back_with_time_and_are_each_clients_own():
    now = [0.0]
    limits = Limits(rate=2, burst=2, concurrent=10, clock=lambda: now[0])
    assert [limits.enter("a") for _ in range(3)] == [None, None, 0.5]
    assert limits.enter("b") is None
    now[0] = 0.5
    assert limits.enter("a") is None


def test_a_client_has_only_so_many_requests_running():
    limits = Limits(rate=0, burst=1, concurrent=2)
    assert [limits.enter("a") for _ in range(3)] == [None, None, 1.0]
    limits.leave("a")
    assert limits.enter("a") is None


# -- uploads -----------------------------------------------------------------------------------

BAD_NAMES = [
    "/etc/passwd.txt",
    "../a.txt",
    "a/../../b.txt",
    "a//b.txt",
    "C:\\a.txt",
    "c:a.txt",
    "..\\a.txt",
    "a\0.txt",
    "a\n.txt",
    "con.txt",
    "NUL.txt",
    "aux",
    "com1.txt",
    "LPT9.tar.txt",
    "x/prn.txt",
    "a.txt.",
    "a.txt ",
    ".hidden.txt",
    "~.txt",
    "a\u202etxt.exe",
    "a:b.txt",
    "",
    " ",
    "a" * 500 + ".txt",
    "/".join("abcdefghij") + ".txt",
    "a/./b.txt",
]


@pytest.mark.parametrize("name", BAD_NAMES, ids=ascii)
def test_a_name_that_leaves_its_folder_on_any_system_is_refused(name):
    with pytest.raises(Refused):
        checked_source(name)


@pytest.mark.parametrize(
    "name", ["a.txt", "报纸/2025-08-16.pdf", "a b (1).MD", "console.txt", "x.jsonl.xz"]
)
def test_an_ordinary_name_is_kept(name):
    assert checked_file(name) == name


@pytest.mark.parametrize("name", ["a.exe", "a", "a.txt.zip", "a.py"])
def test_a_kind_of_file_that_is_not_read_is_refused(name):
    with pytest.raises(Refused, match="unknown kind"):
        checked_file(name)


def test_an_uploaded_file_is_found_and_can_be_taken_out(plain: Running):
    files = [("新/b.txt", "八月交付了四十七台机器狗。".encode()), ("c.md", b"# T\n\nAn article.")]
    done = plain.upload(files).json()
    assert (done["added"], done["problems"]) == (2, [])
    hits = plain.request("POST", "/search", {"question": "八月交付机器狗"}).json()["hits"]
    assert hits[0]["source"] == "新/b.txt"
    removed = plain.request("DELETE", "/index?source=c.md&source=nosuch.txt").json()
    assert removed == {"removed": ["c.md"], "missing": ["nosuch.txt"]}


def test_a_text_sent_as_json_is_found(plain: Running):
    record = {"name": "d.txt", "text": "九月交付了六十六台。", "published": "2025-10-01"}
    assert plain.request("POST", "/index", {"sources": [record]}).json()["added"] == 1
    rows = plain.request("GET", "/articles?source=d.txt").json()["articles"]
    assert [row["published"] for row in rows] == ["2025-10-01"]


def bomb() -> bytes:
    """Return a Word file of a few kilobytes that unpacks to 300 MB."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        with file.open("word/document.xml", "w", force_zip64=True) as part:
            for _ in range(300):
                part.write(b" " * 1_000_000)
        file.writestr("[Content_Types].xml", "<Types/>")
    return packed.getvalue()


def test_what_cannot_be_read_is_named_and_tells_nothing_of_the_server(plain: Running):
    files = [("bomb.docx", bomb()), ("binary.txt", b"PK\x03\x04\0\0"), ("good.txt", TEXT.encode())]
    done = plain.upload(files).json()
    assert {p["name"] for p in done["problems"]} == {"bomb.docx", "binary.txt"}
    assert "youju-upload" not in json.dumps(done) and "/tmp" not in json.dumps(done)
    assert plain.request("GET", "/articles?source=good.txt").json()["total"] == 1


@pytest.mark.parametrize(
    ("files", "status"),
    [
        ([("../../evil.txt", TEXT.encode())], 400),
        ([("/tmp/evil.txt", TEXT.encode())], 400),
        ([("a.txt", TEXT.encode())] * 2, 400),
        ([(f"{n}.txt", b"x") for n in range(10_000)], 413),
        ([(f"{n}.txt", b"x") for n in range(21)], 400),
        ([("big.txt", b"x" * 400_001)], 413),
        ([], 400),
    ],
    ids=["parent", "absolute", "one name twice", "10,000 files", "21 files", "large", "none"],
)
def test_an_upload_that_is_too_much_leaves_nothing(plain: Running, files, status):
    before = plain.request("GET", "/index").json()
    assert plain.upload(files).status == status
    assert plain.request("GET", "/index").json() == before


def test_an_upload_leaves_no_file_behind(plain: Running, tmp_path):
    plain.upload([("e.txt", TEXT.encode())])
    assert not list(Path(tempfile.gettempdir()).glob("youju-upload-*"))


# -- one user and another ----------------------------------------------------------------------


def test_what_one_login_uploads_is_not_anothers(guarded: Running):
    alice, bob = basic("alice", "alice's password"), basic("bob", "bob's password")
    record = {"name": "secret.txt", "text": "爱丽丝的密码本放在第三个抽屉里。"}
    own = {"sources": [record], "collection": "own"}
    assert guarded.request("POST", "/index", own, **alice).json()["added"] == 1
    question = {"question": "密码本放在哪里?"}
    mine = guarded.request("POST", "/search", question | {"collection": "own"}, **alice).json()
    assert "抽屉" in mine["hits"][0]["text"]
    for headers in (alice, bob, BEARER):
        shared = guarded.request("POST", "/search", question, **headers)
        assert "抽屉" not in shared.body.decode()
    assert guarded.request("GET", "/articles?collection=own", **bob).status == 409
    assert guarded.request("GET", "/articles?collection=own", **BEARER).status == 403
    models = guarded.request("GET", "/v1/models", **alice).json()["data"]
    assert "youju-own" in [m["id"] for m in models]


def test_a_login_does_not_change_the_shared_collection(guarded: Running):
    alice = basic("alice", "alice's password")
    body = {"sources": [{"name": "evil.txt", "text": TEXT}]}
    assert guarded.request("POST", "/index", body, **alice).status == 403
    assert guarded.request("DELETE", "/index?source=a.txt", **alice).status == 403


# -- connections -------------------------------------------------------------------------------

BLOCKED = """
import ipaddress, sys
def hook(event, arguments):
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    if host not in (None, "", "localhost") and not ipaddress.ip_address(host).is_loopback:
        sys.stderr.write(f"OUTBOUND {event} {host}\\n")
        raise PermissionError(f"outbound connection to {host}")
sys.addaudithook(hook)
from ui.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_the_server_and_its_page_connect_to_nowhere_and_the_api_does_not_wait_for_the_page(small):
    with serving(small, code=BLOCKED, page=1, workers=0) as server:
        assert server.request("GET", "/healthz").status == 200
        assert server.request("GET", "/").status == 503
        assert server.request("POST", "/ask", {"question": "7月交付多少台?"}).status == 200
        eventually(lambda: server.request("GET", "/").status == 200, 240)
        page = server.request("GET", "/")
        assert "gradio" in page.body.decode().lower()
        assert "default-src 'self'" in page.headers["content-security-policy"]
        time.sleep(1)  # what is fetched in the background would be by now
    assert not [line for line in server.log if "OUTBOUND" in line]


# -- settings ----------------------------------------------------------------------------------


def test_settings_come_from_the_table_and_the_environment(tmp_path):
    file = tmp_path / "youju.toml"
    file.write_text('candidates = 20\n[serve]\nrate = 3\nhosts = ["a.example", "b"]\n', "utf-8")
    found = load_serve_settings(file, {"YOUJU_SERVE_BURST": "7"})
    assert (found.rate, found.burst, found.hosts) == (3.0, 7, "a.example b")


@pytest.mark.parametrize("line", ["rat = 3", "rate = -1", 'rate = "x"', "hosts = 3"])
def test_a_setting_that_cannot_be_is_named(tmp_path, line):
    file = tmp_path / "youju.toml"
    file.write_text(f"[serve]\n{line}\n", "utf-8")
    with pytest.raises(YoujuError, match=r"serve\."):
        load_serve_settings(file, {})


def test_a_killed_server_keeps_what_it_said_it_kept(small, tmp_path):
    shutil.copytree(small, tmp_path / "index")
    with serving(tmp_path / "index") as server:
        body = {"sources": [{"name": f"{n}.txt", "text": f"第{n}篇：{TEXT}"} for n in range(20)]}
        assert server.request("POST", "/index", body).json()["added"] == 20
        server.process.kill()
    store = Store.open(tmp_path / "index")
    assert len(store.sources()) == 21
    store.close()
