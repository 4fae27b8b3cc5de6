"""Servers are started with the ground's settings alone, waited for, and gone at the end; one that dies says why."""

import sys
from pathlib import Path

import httpx
import pytest

from bench.faults import RunFailed
from bench.ground import Ground
from bench.servers import Program, Server, environment, running
from identity.keys import generate_pem, parse_keys

ECHO = """
import http.server, os
class Echo(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(repr({name: os.environ.get(name) for name in ("GATEHOUSE_PORT", "GROUND", "OWN")}).encode())
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Echo).serve_forever()
"""


def quiet(_line: str) -> None:
    pass


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path, 1, "", parse_keys(generate_pem(), "test"), {"GROUND": "ours"})


def test_a_server_runs_with_the_grounds_variables_and_its_own_and_is_gone_afterwards(ground: Ground) -> None:
    echo = Server("echo", Program((sys.executable, "-c", ECHO), {"OWN": "its"}), "/")
    with running([echo], ground, {"GATEHOUSE_PORT": "1", "GROUND": "theirs"}, quiet) as servers:
        one = servers["echo"]
        assert httpx.get(one.url).text == "{'GATEHOUSE_PORT': None, 'GROUND': 'ours', 'OWN': 'its'}"
    assert one.process.poll() is not None


def test_servers_of_one_program_share_its_process(ground: Ground) -> None:
    program = Program((sys.executable, "-c", ECHO))
    with running([Server("one", program, "/1"), Server("two", program, "/2")], ground, {}, quiet) as servers:
        one, two = servers["one"], servers["two"]
        assert one.process.pid == two.process.pid
        assert (one.url.rpartition("/")[0], two.url.rpartition("/")[2]) == (two.url.rpartition("/")[0], "2")


def test_a_server_that_dies_is_named_with_the_end_of_its_log(ground: Ground) -> None:
    echo = Server("echo", Program((sys.executable, "-c", ECHO)), "/")
    broken = Server("broken", Program((sys.executable, "-c", "raise SystemExit('no such table')")), "/")
    with (
        pytest.raises(RunFailed, match=r"broken ended with 1[^$]*no such table"),
        running([echo, broken], ground, {}, quiet),
    ):
        pytest.fail("it was taken for running")


def test_the_callers_own_gatehouse_does_not_reach_the_servers(ground: Ground) -> None:
    assert environment(ground, {"GATEHOUSE_DATABASE_URL": "theirs", "PATH": "p"}) == {"PATH": "p", "GROUND": "ours"}
