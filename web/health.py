"""Is the process alive, is it ready, and what has it counted."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import orjson
import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from telemetry import Metrics

CHECK_SECONDS = 1.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Part:
    """Something we lean on. `check` raises when it does not answer; without a `needed` part we are not ready."""

    name: str
    check: Callable[[], Awaitable[object]]
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Gauged:
    """A queue whose depth is read from its source whenever the metrics are."""

    queue: str
    depth: Callable[[], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Health:
    parts: Sequence[Part]
    queues: Sequence[Gauged]
    metrics: Metrics

    async def live(self, request: Request) -> Response:
        """200 as long as the process answers at all: restarting it mends nothing that it leans on."""
        return _json(200, {"status": "alive"})

    async def ready(self, request: Request) -> Response:
        """200 when every needed part answers, else 503 naming the others. `?verbose` names every part."""
        answers = dict(zip((part.name for part in self.parts), await self._ask(), strict=True))
        lost = [part.name for part in self.parts if part.needed and not answers[part.name]]
        status = "not ready" if lost else "ready" if all(answers.values()) else "degraded"
        body: dict[str, object] = {"status": status}
        if status != "ready" or "verbose" in request.query_params:
            body["parts"] = {name: "ok" if answered else "does not answer" for name, answered in answers.items()}
        return _json(503 if lost else 200, body)

    async def measured(self, request: Request) -> Response:
        """The metrics in Prometheus' text form. A queue whose source does not answer is left as it was."""
        await asyncio.gather(*(self._gauge(queue) for queue in self.queues))
        return Response(generate_latest(self.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    async def _ask(self) -> list[bool]:
        return await asyncio.gather(*(_answers(part) for part in self.parts))

    async def _gauge(self, queue: Gauged) -> None:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                depth = await queue.depth()
        except Exception as fault:  # noqa: BLE001 - the other metrics must still be read
            log.warning("queue not measured", queue=queue.queue, fault=type(fault).__name__)
        else:
            self.metrics.queue_depth.labels(queue.queue).set(depth)


async def _answers(part: Part) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await part.check()
    except Exception as fault:  # noqa: BLE001 - whatever it is, the part is not there
        log.warning("part does not answer", part=part.name, fault=type(fault).__name__)
        return False
    return True


def _json(status: int, body: dict[str, object]) -> Response:
    return Response(orjson.dumps(body), status, {"cache-control": "no-store"}, "application/json")
