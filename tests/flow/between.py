"""A wire between us and Stripe, which may be cut or lose answers: a server that passes everything on."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.listening import listening

HOP_BY_HOP = {"host", "content-length", "connection", "transfer-encoding", "content-encoding"}


@dataclass
class Between:
    """`cut`: nothing gets through. `loses`: what is posted to this path is done, and its answer never comes.

    `slow_seconds`: each answer waits so long.
    """

    url: str
    target: str
    client: httpx.AsyncClient
    cut: bool = False
    loses: str | None = None
    slow_seconds: float = 0.0
    passed: list[str] = field(default_factory=list[str])
    """Method and path of every request, in order."""

    async def answer(self, request: Request) -> Response:
        await asyncio.sleep(self.slow_seconds)
        if self.cut:
            return Response(status_code=502)
        self.passed.append(f"{request.method} {request.url.path}")
        kept = {name: value for name, value in request.headers.items() if name not in HOP_BY_HOP}
        address = f"{self.target}{request.url.path}?{request.url.query}"
        answer = await self.client.request(request.method, address, headers=kept, content=await request.body())
        if request.method == "POST" and request.url.path == self.loses:
            return Response(status_code=502)
        shown = {name: value for name, value in answer.headers.items() if name not in HOP_BY_HOP}
        return Response(answer.content, answer.status_code, shown)


@asynccontextmanager
async def between(target: str) -> AsyncGenerator[Between]:
    """Serves on a free port while the body runs."""
    with listening() as listener:
        async with httpx.AsyncClient(timeout=10) as client:
            wire = Between(f"http://127.0.0.1:{listener.getsockname()[1]}", target, client)
            app = Starlette(routes=[Route("/{path:path}", wire.answer, methods=["GET", "POST", "DELETE"])])
            server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, access_log=False))
            running = asyncio.create_task(server.serve([listener]))
            while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.01)
            yield wire
            server.should_exit = True
            await running
