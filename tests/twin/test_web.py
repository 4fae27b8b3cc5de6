"""The program: keys, errors, chaos on the way, its file, its command line."""

import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe

from tests.twin.lives import Shop
from tests.twin.stage import Recording, Stage, twin_stage
from tests.twin.steps import customer, price, subscription
from twin.account import Twin
from twin.api.routes import ROUTES, unimplemented_routes
from twin.api.sdk import sdk_routes
from twin.saving import load, save

KEY = {"authorization": "Bearer sk_test_x"}


@pytest.fixture
def stage() -> Generator[Stage]:
    with twin_stage() as made:
        yield made


def url_of(stage: Stage) -> str:
    assert stage.twin is not None
    return stage.twin.url


def switch(stage: Stage, **chaos: Any) -> None:
    assert httpx.post(f"{url_of(stage)}/_twin/chaos", json=chaos).status_code == 200


@pytest.mark.parametrize("key", ["sk_live_123", "rk_live_123", "pk_test_1", ""])
def test_other_keys_are_refused(stage: Stage, key: str) -> None:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    refused = httpx.get(f"{url_of(stage)}/v1/customers", headers=headers)
    assert (refused.status_code, refused.json()["error"]["type"]) == (401, "invalid_request_error")
    assert "123" not in refused.text


def test_a_restricted_key_and_basic_authentication_are_taken(stage: Stage) -> None:
    url = f"{url_of(stage)}/v1/customers"
    assert httpx.get(url, headers={"authorization": "Bearer rk_test_1"}).status_code == 200
    assert httpx.get(url, auth=("sk_test_1", "")).status_code == 200


def test_what_it_does_not_do_is_501_with_its_name(stage: Stage) -> None:
    with pytest.raises(stripe.APIError) as refusal:
        stage.v1.payouts.list()
    assert refusal.value.http_status == 501
    assert "payout.list" in str(refusal.value)
    assert httpx.get(f"{url_of(stage)}/v1/shoes", headers=KEY).status_code == 404
    with pytest.raises(stripe.APIError) as refusal:
        stage.v1.customers.create({"cash_balance": {"settings": {"reconciliation_mode": "manual"}}})
    assert (refusal.value.http_status, "cash_balance" in str(refusal.value)) == (501, True)


def test_every_route_is_one_of_the_sdks() -> None:
    known = {f"{route.method} {route.path}" for route in sdk_routes().values()}
    paths = {name.split(" ")[0] + " " + name.split(" ")[1].count("{") * "{}" for name in ROUTES}
    assert paths <= {name.split(" ")[0] + " " + name.split(" ")[1].count("{") * "{}" for name in known}
    assert len(ROUTES) + len(unimplemented_routes()) == len(sdk_routes())


def test_other_versions_are_refused(stage: Stage) -> None:
    headers = KEY | {"stripe-version": "2024-06-20"}
    assert httpx.get(f"{url_of(stage)}/v1/customers", headers=headers).status_code == 400


@pytest.mark.parametrize("chaos", ["api_429", "api_500"])
def test_refused_by_chaos_nothing_is_done(stage: Stage, chaos: str) -> None:
    switch(stage, **{chaos: 1.0})
    error = stripe.RateLimitError if chaos == "api_429" else stripe.APIError
    with pytest.raises(error):
        stage.v1.customers.create({"name": "Nobody"})
    switch(stage, **{chaos: 0.0})
    assert stage.v1.customers.list().data == []


def test_a_lost_answer_was_done_once(stage: Stage) -> None:
    """The SDK repeats with the same idempotency key; what was done is not done again."""
    switch(stage, api_lost=0.5)
    addresses: Any = {"api": url_of(stage)}
    client: Any = stripe.StripeClient(
        "sk_test_x", base_addresses=addresses, http_client=Recording(), max_network_retries=8
    )
    for n in range(4):
        client.v1.customers.create({"name": f"number {n}"})
    switch(stage, api_lost=0.0)
    assert sorted(each.name for each in stage.v1.customers.list().data) == [f"number {n}" for n in range(4)]


def test_a_rate_limit(stage: Stage) -> None:
    switch(stage, requests_per_second=3)
    statuses = [httpx.get(f"{url_of(stage)}/v1/customers", headers=KEY).status_code for _ in range(12)]
    assert set(statuses) == {200, 429}


def test_an_unknown_switch_is_refused(stage: Stage) -> None:
    assert httpx.post(f"{url_of(stage)}/_twin/chaos", json={"gremlins": 1}).status_code == 400


def test_time_that_is_told_to_pass(stage: Stage) -> None:
    shop = stage.v1
    plan = price(stage)
    payer = customer(stage)
    held = shop.subscriptions.create({"customer": payer.id, "items": [{"price": plan.id}]})
    shop.subscriptions.update(held.id, {"cancel_at_period_end": True})
    httpx.post(f"{url_of(stage)}/_twin/advance", json={"days": 32})
    assert shop.subscriptions.retrieve(held.id).status == "canceled"
    lines = httpx.get(f"{url_of(stage)}/_twin/log").json()["log"]
    assert [line["version"]["status"] for line in lines if line["id"] == held.id][-1] == "canceled"


def test_its_state_goes_on_from_a_file() -> None:
    shop = Shop()
    customer = shop.customer()
    subscription_id = shop.subscribe(customer)
    again = Twin("another", 0)
    load(again, save(shop.twin))
    assert again.objects("subscription") == shop.twin.objects("subscription")
    again.advance(days=40)
    shop.twin.advance(days=40)
    assert again.events() == shop.twin.events()
    assert len([each for each in again.objects("invoice") if each["status"] == "paid"]) == 2
    assert again.call(f"GET /v1/subscriptions/{subscription_id}")["status"] == "active"


def test_the_command_refuses_to_run_beside_a_live_key() -> None:
    command = [sys.executable, "-m", "twin", "--routes"]
    live = subprocess.run(command, env={**os.environ, "STRIPE_API_KEY": "sk_live_1"}, capture_output=True, text=True)
    assert (live.returncode, "live key" in live.stdout + live.stderr, "sk_live_1" in live.stdout) == (1, True, False)
    listed = subprocess.run(command, capture_output=True, text=True)
    assert listed.returncode == 0
    assert f"{len(ROUTES)} routes" in listed.stdout


def test_the_program_serves_until_it_is_told_to_stop() -> None:
    command = [sys.executable, "-m", "twin", "--port", "0", "--after-retries", "unpaid"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        url = program.stdout.readline().partition("http://")[2].partition(":")
        try:
            address = "http://" + url[0] + ":" + url[2].partition(":")[0]
            assert httpx.get(f"{address}/v1/customers", headers=KEY).json()["data"] == []
        finally:
            program.terminate()
        assert program.wait(20) == 0


def test_it_imports_nothing_of_ours() -> None:
    script = "import sys, twin.arguments; print(sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    rooms = {path.parent.name for path in Path().glob("*/__init__.py")} - {"twin"}
    assert rooms
    assert [room for room in sorted(rooms) if f"'{room}'" in loaded] == []


def test_an_answer_that_takes_its_time(stage: Stage) -> None:
    switch(stage, api_slow_seconds=0.3)
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{url_of(stage)}/v1/customers", headers=KEY, timeout=0.1)
    switch(stage, api_slow_seconds=0.0, api_timeout=1.0)
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{url_of(stage)}/v1/customers", headers=KEY, timeout=0.5)
    switch(stage, api_timeout=0.0)
    assert len(stage.v1.customers.list().data) == 1


def test_the_state_is_open_to_a_judge(stage: Stage) -> None:
    held = subscription(stage)
    state = httpx.get(f"{url_of(stage)}/_twin/state", params={"kind": "subscription"}).json()["objects"]
    assert [each["id"] for each in state] == [held.id]
