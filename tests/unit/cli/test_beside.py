"""When the twin of Stripe comes along with `gatehouse run`, and how other commands go by it."""

from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from pydantic import SecretStr

from cli.announced import KEY, announcement_of, clock_of, with_announced, with_stripe
from cli.beside import wants_twin
from clock import SystemClock
from errors import NotConfigured
from settings import Settings, load_settings

URL = "http://127.0.0.1:8001"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"GATEHOUSE_DATA_DIR": str(tmp_path)})


def announce(settings: Settings, ahead: float = 0.0) -> None:
    announcement_of(settings).write_bytes(orjson.dumps({"url": URL, "ahead": ahead}))


@pytest.mark.parametrize(
    "named",
    [
        {"environment": "production"},
        {"stripe_api_key": SecretStr("sk_test_real")},
        {"stripe_api_base": "http://127.0.0.1:9"},
        {"database_url": SecretStr("postgresql://app@db/gatehouse")},
        {"redis_url": SecretStr("redis://cache")},
    ],
)
def test_only_where_everything_else_is_brought_too(settings: Settings, named: dict[str, object]) -> None:
    assert wants_twin(settings, {})
    assert not wants_twin(settings.model_copy(update=named), {})


@pytest.mark.parametrize("name", ["STRIPE_API_KEY", "STRIPE_SECRET_KEY"])
def test_never_beside_a_live_key(settings: Settings, name: str) -> None:
    assert wants_twin(settings, {name: "sk_test_1"})
    with pytest.raises(NotConfigured, match=f"{name}: holds a live key") as raised:
        wants_twin(settings, {name: "sk_live_51"})
    assert "sk_live_51" not in raised.value.message


def test_other_commands_find_it_while_it_runs(settings: Settings) -> None:
    assert with_announced(settings) == settings
    announce(settings)
    found = with_announced(settings)
    assert (found.stripe_api_key, found.stripe_api_base) == (KEY, URL)


@pytest.mark.parametrize(
    "named",
    [{"environment": "production"}, {"stripe_api_key": SecretStr("sk_test_real")}, {"stripe_api_base": "http://x"}],
)
def test_settings_that_name_a_stripe_keep_it_and_the_machines_time(
    settings: Settings, named: dict[str, object]
) -> None:
    announce(settings, ahead=86_400)
    other = settings.model_copy(update=named)
    assert with_announced(other) == other
    assert abs(clock_of(other).now() - SystemClock().now()) < timedelta(minutes=1)


def test_other_commands_go_by_its_time_as_it_is_moved(settings: Settings) -> None:
    clock = clock_of(with_stripe(settings, URL))
    for days in (0, 1, 40):
        announce(settings, ahead=86_400 * days)
        ahead = clock.now() - SystemClock().now()
        assert abs(ahead - timedelta(days=days)) < timedelta(minutes=1)
    announcement_of(settings).write_bytes(b"{")
    assert abs(clock.now() - SystemClock().now()) < timedelta(minutes=1)
