"""The program: the twin behind uvicorn, and the sender that makes its deliveries."""

import asyncio
import errno
import socket
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator, Mapping
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
from twin.pages import bank, checkout, home, portal
from twin.saving import announce, keep, read, write
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
    any_port: bool = False
    """Takes another port where that one is taken."""
    seed: str = "twin"
    account: Account = field(default_factory=Account)
    chaos: Chaos | None = None
    webhooks: Mapping[str, str] | None = None
    state_file: Path | None = None
    announcement: Path | None = None
    """Where to say, while it serves, under which address, and how far its time is ahead."""
    begins_at: float | None = None
    """When a new twin begins; its past happens at once. None: now."""
    prepare: Callable[[Twin], Awaitable[None]] | None = None
    """What is done to the twin before it serves, at each start."""
    shared_time: bool = False
    """Who takes the webhooks lives by the twin's time too (`Web.own_time`): signatures are then dated by it."""
    sends: bool = True
    """False leaves the deliveries to whoever takes them from the twin."""
    clock: Callable[[], float] = moment
    """What the twin's own time follows; tests give it one that they move."""


def new_twin(options: Options, url: str) -> Twin:
    """The twin of the options, from its file where there is one; its hosted pages are found under `url`."""
    begins_at = options.clock() if options.begins_at is None else options.begins_at
    twin = Twin(options.seed, begins_at, account=options.account, chaos=options.chaos, links=url)
    if options.state_file and options.state_file.exists():
        read(twin, options.state_file)
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
    """Serves while the body runs; port 0 takes a free one. Raises saving.Unreadable for a file that is no state."""
    with _listen(options) as listener:
        url = f"http://{options.host}:{listener.getsockname()[1]}"
        twin = new_twin(options, url)
        if options.prepare:
            await options.prepare(twin)
        web = Web(twin, options.clock)
        server = _Quiet(
            uvicorn.Config(
                build(web, [route for each in (home, checkout, portal, bank) for route in each.routes(web)]),
                log_config=None,
                lifespan="off",
                access_log=False,
                timeout_graceful_shutdown=1,
            )
        )
        task = asyncio.create_task(server.serve(sockets=[listener]))
        jobs = [asyncio.create_task(job) for job in _jobs(web, options)]
        try:
            while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn tells by a flag alone
                await asyncio.sleep(0.005)
            with announce(web, options.announcement, url):
                yield Running(url, web, task)
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
            server.should_exit = True
            await task
            if options.state_file:
                write(twin, options.state_file)


def _listen(options: Options) -> socket.socket:
    """Answers are two writes; without NODELAY, which asyncio leaves out here, the second waits for 40 ms."""
    try:
        listener = socket.create_server((options.host, options.port))
    except OSError as fault:
        if fault.errno != errno.EADDRINUSE or not options.any_port:
            raise
        listener = socket.create_server((options.host, 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _jobs(web: Web, options: Options) -> Generator[Coroutine[None, None, None]]:
    yield _send_all(web, web.own_time if options.shared_time else web.moment) if options.sends else _keep_time(web)
    if options.state_file:
        yield keep(web, options.state_file)


async def _send_all(web: Web, dated: Callable[[], float]) -> None:
    """Makes the deliveries as they fall due; up to AT_ONCE at a time, so they may overtake one another."""
    slots = asyncio.Semaphore(AT_ONCE)
    tasks = set[asyncio.Task[None]]()
    async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as client:
        while True:
            web.catch_up()
            for delivery in web.twin.take_deliveries():
                task = asyncio.create_task(_send(web, client, delivery, slots, dated))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            await asyncio.sleep(TICK_SECONDS)


async def _keep_time(web: Web) -> None:
    while True:
        web.catch_up()
        await asyncio.sleep(TICK_SECONDS)


async def _send(
    web: Web, client: httpx.AsyncClient, delivery: Delivery, slots: asyncio.Semaphore, dated: Callable[[], float]
) -> None:
    async with slots:
        request = web.twin.webhook(delivery, dated())
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
