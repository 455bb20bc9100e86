"""Who asks a Qdrant server beside the daemon is let in as it is: by key, from a file too, and over TLS."""

import json
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from benchmarks.timing.server_bare import bare_client, reached

PROGRAM = Path(__file__).parents[2] / "deploy/nodes.py"
TLS = Path(__file__).parent / "streams" / "tls"
KEY = "s3cret"
OURS = ("COGNITION_", "QDRANT_")


class Guarded(BaseHTTPRequestHandler):
    """Answers as a node without collections does, to whoever has the key."""

    def do_GET(self) -> None:
        let_in = self.headers["api-key"] == KEY
        found = {"version": "1.18.2", "status": "ok", "time": 0.0, "result": {"collections": [], "peers": {}}}
        body = json.dumps(found if let_in else "who are you?").encode()
        self.send_response(200 if let_in else 403)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    """A node behind TLS and a key."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
    with ThreadingHTTPServer(("127.0.0.1", 0), Guarded) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"https://localhost:{server.server_port}"
        server.shutdown()
        thread.join()


def program(*words: str, **settings: str) -> tuple[int, str]:
    """The exit code of the operator's program, and all that it says."""
    others = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    done = subprocess.run(
        [sys.executable, str(PROGRAM), *words],
        env={**others, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    "named",
    [
        {"QDRANT_API_KEY": KEY},
        {"COGNITION_STORE__API_KEY": KEY, "QDRANT_API_KEY": "of another"},
        {"COGNITION_STORE__API_KEY_FILE": "key", "COGNITION_STORE__API_KEY": "of another"},
    ],
)
@pytest.mark.parametrize("where", ["QDRANT_URL", "COGNITION_STORE__URL"])
def test_the_operators_program_reads_address_key_and_authority_as_a_daemon_does(
    url: str, tmp_path: Path, named: Mapping[str, str], where: str
) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    settings = {k: str(tmp_path / v) if k.endswith("_FILE") else v for k, v in named.items()}
    settings |= {where: f"{url}?grpc_port=1", "COGNITION_STORE__CA_FILE": str(TLS / "certificate.pem")}
    code, said = program("ask", "GET", "/collections", **settings)
    assert (code, json.loads(said)["collections"]) == (0, []), said


def test_the_operators_program_says_what_keeps_it_out(url: str, tmp_path: Path) -> None:
    assert program("metrics")[1].startswith("no node is named: set COGNITION_STORE__URL")
    assert "certificate verify failed" in program("metrics", QDRANT_URL=url)[1]
    authority = {"QDRANT_URL": url, "COGNITION_STORE__CA_FILE": str(TLS / "certificate.pem")}
    assert "who are you?" in program("ask", "GET", "/collections", **authority)[1]
    absent = str(tmp_path / "absent")
    code, said = program("metrics", **authority, COGNITION_STORE__API_KEY_FILE=absent)
    assert (code, f"COGNITION_STORE__API_KEY_FILE = {absent} cannot be read" in said) == (1, True)
    code, said = program("metrics", QDRANT_URL=url, COGNITION_STORE__CA_FILE=absent)
    assert (code, f"COGNITION_STORE__CA_FILE = {absent}" in said) == (1, True)
    assert "http://127.0.0.1:6333 " in program("metrics", QDRANT_URL="http://127.0.0.1")[1]


async def test_a_benchmarks_bare_client_has_the_key_and_the_authority_of_the_settings(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith(OURS)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("QDRANT_API_KEY", KEY)
    monkeypatch.setenv("COGNITION_STORE__CA_FILE", str(TLS / "certificate.pem"))
    options = reached(url, prefix="measured_", timeout_s=30.0)
    assert (options.url, options.api_key, options.prefix) == (url, KEY, "measured_")
    client = bare_client(options, grpc=False)
    try:
        assert (await client.get_collections()).collections == []
    finally:
        await client.close()
