"""What stands in the tables: every server, and the rows in which it answers."""

from dataclasses import dataclass

from bench.answers import flat_rows
from bench.cases import DENIED, LIST, ME, NESTED, WEBHOOK, Row
from bench.comparisons import DENYING, GATING, Comparison
from bench.servers import Program, Server, node, ours, uvicorn

_PEERS = "bench.peers.python"
SAME_SWITCHES = {"BENCH_ENTITLEMENTS": "memory", "BENCH_TOKEN_CACHE": "on"}
GRAPHQL, DELIVERIES = "/spa/graphql", "/webhooks/stripe"

GATEHOUSE = Server("Gatehouse", ours("shipped"), GRAPHQL)
ERRORS = Server("Gatehouse, denials as errors", ours("denying_by_error"), GRAPHQL)
MERCURIUS = Server("mercurius JIT", node("mercurius.js", SAME_SWITCHES), "/graphql")
CACHED = Server(
    "Strawberry, both caches", uvicorn(f"{_PEERS}.stock:build", {"BENCH_CACHES": "on", **SAME_SWITCHES}), "/graphql/"
)
RAW = Server("Starlette + asyncpg + orjson", uvicorn(f"{_PEERS}.raw:build"), "/articles")
INBOX = Server("Gatehouse's webhook", ours("shipped"), DELIVERIES)
FASTIFY = Server("Fastify + stripe", node("webhook.js"), DELIVERIES)

REFERENCE = MERCURIUS
"""Ratios in a table are against this server; every answer must say what its answer says."""

POSITIONS = 50
ROWS = (
    *(Row(server, LIST) for server in (MERCURIUS, GATEHOUSE, CACHED)),
    Row(RAW, LIST, shape=flat_rows),
    Row(MERCURIUS, DENIED, errors=POSITIONS),
    Row(GATEHOUSE, DENIED),
    Row(ERRORS, DENIED, errors=POSITIONS),
    *(Row(server, ME) for server in (MERCURIUS, GATEHOUSE, CACHED)),
    *(Row(server, NESTED) for server in (MERCURIUS, GATEHOUSE, CACHED)),
    Row(FASTIFY, WEBHOOK, table="bench.webhook_event"),
    Row(INBOX, WEBHOOK, table="stripe_event"),
)


@dataclass(frozen=True, slots=True)
class SideBySide:
    """What one process serves that is compared with itself over HTTP. Of `pairs` the base comes first; what `gated`
    answers is the measure of what is right."""

    gated: Server
    pairs: tuple[tuple[Comparison, Row, Row], ...]


def _side_by_side(program: Program) -> SideBySide:
    gated = Server("Gatehouse, gates on", program, f"/on{GRAPHQL}")
    ungated = Server("Gatehouse, gates off", program, f"/off{GRAPHQL}")
    pairs = (
        (GATING, Row(ungated, LIST), Row(gated, LIST)),
        (DENYING, Row(gated, LIST), Row(gated, DENIED)),
    )
    return SideBySide(gated, pairs)


LAYOUTS = tuple(map(_side_by_side, (ours("side_by_side"), ours("side_by_side_turned"))))
"""By the order in which the process builds its applications."""
