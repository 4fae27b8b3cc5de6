"""The program: the twin behind uvicorn, and the sender that makes its deliveries."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from twin.account import Twin
from twin.core.settings import Account
from twin.hooks.chaos import Chaos
from twin.hooks.deliveries import TIMEOUT_SECONDS, Delivery
from twin.pages import bank, checkout, portal
from twin.saving import load, save
from twin.web import Web, build

TICK_SECONDS = 0.05
AT_ONCE = 16


def moment() -> float:
    """The machine's time: the one place that asks for it."""
    return time.time()  # noqa: TID251 - the twin has a time of its own, which follows this


@dataclass(frozen=True, slots=True)
class Options:
    """`webhooks` are endpoints that exist from the start, by URL with their signing secrets, for every event type."""

    host: str = "127.0.0.1"
    port: int = 8001
    seed: str = "twin"
    account: Account = field(default_factory=Account)
    chaos: Chaos | None = None
    webhooks: Mapping[str, str] | None = None
    state_file: Path | None = None
    sends: bool = True
    """False leaves the deliveries to whoever takes them from the twin."""
    clock: Callable[[], float] = moment
    """What the twin's own time follows; tests give it one that they move."""


def new_twin(options: Options, url: str) -> Twin:
    """The twin of the options, from its file where there is one; its hosted pages are found under `url`."""
    twin = Twin(options.seed, options.clock(), account=options.account, chaos=options.chaos, links=url)
    if options.state_file and options.state_file.exists():
        load(twin, options.state_file.read_bytes())
        twin.world.links = url
    known = {each["url"] for each in twin.objects("webhook_endpoint")}
    for address, secret in (options.webhooks or {}).items():
        if address not in known:
            made = twin.call("POST /v1/webhook_endpoints", url=address, enabled_events=["*"])
            twin.world.change(twin.world.store.objects[made["id"]], None, _secret=secret)
    return twin


async def serve(
    host: str = "127.0.0.1", port: int = 8001, *, stop: asyncio.Event | None = None, **options: Any
) -> None:
    """Serves until `stop` is set, or cancelled. `options` are those of `Options`."""
    async with serving(Options(host=host, port=port, **options)) as running:
        await (stop.wait() if stop else running.ended)


@dataclass(frozen=True, slots=True)
class Running:
    """A twin that serves. `ended` completes when the server has ended by itself."""

    url: str
    web: Web
    ended: "asyncio.Task[None]"

    @property
    def twin(self) -> Twin:
        return self.web.twin


@asynccontextmanager
async def serving(options: Options) -> AsyncGenerator[Running]:
    """Serves while the body runs; port 0 takes a free one."""
    with socket.create_server((options.host, options.port)) as listener:
        url = f"http://{options.host}:{listener.getsockname()[1]}"
        web = Web(new_twin(options, url), options.clock)
        server = _Quiet(
            uvicorn.Config(
                build(web, [*checkout.routes(web), *portal.routes(web), *bank.routes(web)]),
                log_level="warning",
                lifespan="off",
                access_log=False,
                timeout_graceful_shutdown=1,
            )
        )
        task = asyncio.create_task(server.serve(sockets=[listener]))
        sender = asyncio.create_task(_send_all(web) if options.sends else _keep_time(web))
        try:
            while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn tells by a flag alone
                await asyncio.sleep(0.005)
            yield Running(url, web, task)
        finally:
            sender.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sender
            server.should_exit = True
            await task
            if options.state_file:
                options.state_file.write_bytes(save(web.twin))


async def _send_all(web: Web) -> None:
    """Makes the deliveries as they fall due; up to AT_ONCE at a time, so they may overtake one another."""
    slots = asyncio.Semaphore(AT_ONCE)
    tasks = set[asyncio.Task[None]]()
    async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as client:
        while True:
            web.catch_up()
            for delivery in web.twin.take_deliveries():
                task = asyncio.create_task(_send(web, client, delivery, slots))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            await asyncio.sleep(TICK_SECONDS)


async def _keep_time(web: Web) -> None:
    while True:
        web.catch_up()
        await asyncio.sleep(TICK_SECONDS)


async def _send(web: Web, client: httpx.AsyncClient, delivery: Delivery, slots: asyncio.Semaphore) -> None:
    async with slots:
        request = web.twin.webhook(delivery, web.moment())
        if request is None:
            return
        try:
            answer = await client.post(request.url, content=request.body, headers=request.headers)
            status: int | None = answer.status_code
        except httpx.HTTPError:
            status = None
        web.twin.record(delivery, status)


class _Quiet(uvicorn.Server):
    """Leaves the process's signals to whoever started it."""

    def capture_signals(self) -> Any:
        return nullcontext()
