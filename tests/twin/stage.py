"""Where the contract is played: the twin over real HTTP, or real Stripe when a test key is set."""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import stripe

from twin.server import Options, Running, serving

KEY_VARIABLE = "STRIPE_TEST_KEY"
PATIENCE_SECONDS = 120


class Recording(stripe.HTTPClient):
    """An HTTP client of the SDK's over its own for the standard library, which keeps what was answered."""

    name = "recording"

    def __init__(self) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType] - the SDK leaves a parameter untyped
        self.answers: list[Any] = []
        self._client: Any = stripe.UrllibClient()

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, *, _usage: Any = None) -> Any:
        body, status, answered = self._client.request(method, url, headers, post_data)
        if status == 200:
            self.answers.append(orjson.loads(body))
        return body, status, answered

    def close(self) -> None:
        self._client.close()


@dataclass
class Stage:
    """`client` is stripe-python's own; `twin` is None on real Stripe."""

    client: stripe.StripeClient
    http: Recording
    twin: Running | None
    names: set[str] = field(default_factory=set[str])

    @property
    def v1(self) -> Any:
        """Untyped on purpose: scenarios also send what the types forbid."""
        return self.client.v1

    def clock(self) -> str:
        """A test clock that shows the present; its id."""
        return self.v1.test_helpers.test_clocks.create({"frozen_time": int(time.time())}).id  # noqa: TID251 - real Stripe's time too

    def advance(self, clock: str, seconds: int) -> None:
        """Moves a test clock, and waits until Stripe is done with it."""
        held = self.v1.test_helpers.test_clocks.retrieve(clock)
        self.v1.test_helpers.test_clocks.advance(clock, {"frozen_time": held.frozen_time + seconds})
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.v1.test_helpers.test_clocks.retrieve(clock).status != "ready":
            assert time.monotonic() < deadline, "the test clock does not become ready"
            time.sleep(0.5)

    def unique(self, name: str) -> str:
        """A name that this run uses once; real accounts keep what earlier runs made."""
        made = f"{name}_{len(self.names)}_{threading.get_ident() % 10_000}_{time.monotonic_ns() % 10**9}"
        self.names.add(made)
        return made

    def authenticate(self, id: str, *, passes: bool = True) -> None:
        """The customer's part of 3-D Secure: on the twin alone, for it needs a person and a browser."""
        assert self.twin is not None
        self.twin.twin.authenticate(id, passes=passes)


def stripe_key() -> str | None:
    return os.environ.get(KEY_VARIABLE)


@contextmanager
def twin_stage(**options: Any) -> Generator[Stage]:
    """A new twin on a free port, in a thread of its own."""
    with _served(Options(port=0, **options)) as running:
        http = Recording()
        addresses: Any = {"api": running.url, "files": running.url, "meter_events": running.url}
        client = stripe.StripeClient("sk_test_twin", base_addresses=addresses, http_client=http, max_network_retries=0)
        yield Stage(client, http, running)


@contextmanager
def stripe_stage(key: str) -> Generator[Stage]:
    http = Recording()
    yield Stage(stripe.StripeClient(key, http_client=http), http, None)


@contextmanager
def _served(options: Options) -> Generator[Running]:
    started, stop = threading.Event(), asyncio.Event()
    held: list[Any] = []

    async def run() -> None:
        held.append(asyncio.get_running_loop())
        async with serving(options) as running:
            held.append(running)
            started.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    assert started.wait(30), "the twin does not start"
    try:
        yield held[1]
    finally:
        held[0].call_soon_threadsafe(stop.set)
        thread.join()


Scenario = Callable[[Stage], None]
SCENARIOS: dict[str, Scenario] = {}
ON_TWIN_ONLY: set[str] = set()


def scenario(run: Scenario) -> Scenario:
    """Declares one part of the contract."""
    SCENARIOS[run.__name__] = run
    return run


def twin_only(run: Scenario) -> Scenario:
    """One that needs what real Stripe leaves to a person or to days."""
    ON_TWIN_ONLY.add(run.__name__)
    return scenario(run)
