"""The twin beside a service: its state survives a kill, its time and place are announced, its hooks move along."""

import socket
from pathlib import Path

import httpx
import orjson
import pytest

from tests.twin.test_sender import SECRET, endpoint, until
from twin.account import Twin
from twin.saving import Unreadable, read
from twin.server import Options, serving

DAY = 86_400


async def test_what_was_done_is_in_the_file_soon_and_whole(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    async with serving(Options(port=0, state_file=state)) as running:
        await until(state.exists)
        made = running.twin.call("POST /v1/customers", email="kept@example.test")
        running.web.advance(40 * DAY)

        def kept() -> Twin:
            again = Twin(now=0)
            read(again, state)
            return again

        await until(lambda: made["id"] in {each["id"] for each in kept().objects("customer")})
        await until(lambda: kept().now > made["created"] + 39 * DAY)
        assert state.stat().st_mode & 0o077 == 0
    async with serving(Options(port=0, state_file=state)) as running:
        assert running.web.ahead > 39 * DAY
        assert running.twin.call(f"GET /v1/customers/{made['id']}")["email"] == "kept@example.test"


@pytest.mark.parametrize("content", [b"", b"{}", b'{"now": 1}', b"[]"])
async def test_a_file_that_is_no_state_is_said_with_the_remedy(tmp_path: Path, content: bytes) -> None:
    state = tmp_path / "state.json"
    state.write_bytes(content)
    with pytest.raises(Unreadable, match="remove it"):
        async with serving(Options(port=0, state_file=state)):
            pass
    assert state.read_bytes() == content


async def test_it_announces_where_it_is_and_what_time_it_has(tmp_path: Path) -> None:
    place = tmp_path / "here"
    async with serving(Options(port=0, announcement=place)) as running:
        assert orjson.loads(place.read_bytes()) == {"url": running.url, "ahead": 0.0}
        async with httpx.AsyncClient() as client:
            await client.post(f"{running.url}/_twin/advance", json={"days": 2})
        assert orjson.loads(place.read_bytes())["ahead"] == 2 * DAY
    assert not place.exists()


async def test_a_port_that_is_taken_is_another(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            async with serving(Options(port=port)):
                pass
        async with serving(Options(port=port, any_port=True)) as running:
            assert not running.url.endswith(f":{port}")


async def test_an_endpoint_moves_with_the_service_and_keeps_its_secret() -> None:
    twin = Twin()
    first = twin.deliver_to("http://127.0.0.1:1/hook", "service")
    assert first.startswith("whsec_")
    assert twin.deliver_to("http://127.0.0.1:2/hook", "service") == first
    assert [each["url"] for each in twin.objects("webhook_endpoint")] == ["http://127.0.0.1:2/hook"]
    assert Twin("another").deliver_to("http://127.0.0.1:1/hook", "service") != first


@pytest.mark.parametrize(("shared", "days"), [(True, 40), (False, 0)])
async def test_who_shares_its_time_gets_signatures_dated_by_it(shared: bool, days: int) -> None:
    async with endpoint() as hook, serving(Options(port=0, shared_time=shared, webhooks={hook.url: SECRET})) as running:
        running.web.advance(40 * DAY)
        running.twin.call("POST /v1/customers")
        await until(lambda: len(hook.dated) == 1)
        assert abs(hook.dated[0] - running.web.moment() - days * DAY) < 60
