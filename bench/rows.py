"""What stands in the tables: every server, and the rows in which it answers."""

from bench.answers import flat_rows
from bench.cases import DENIED, LIST, ME, NESTED, WEBHOOK, Row
from bench.comparisons import DENYING, GATING, Comparison
from bench.servers import Server, node, ours, uvicorn

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

_both = ours("side_by_side")
GATED = Server("Gatehouse, gates on", _both, f"/on{GRAPHQL}")
UNGATED = Server("Gatehouse, gates off", _both, f"/off{GRAPHQL}")

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

PAIRS: tuple[tuple[Comparison, Row, Row], ...] = (
    (GATING, Row(UNGATED, LIST), Row(GATED, LIST)),
    (DENYING, Row(GATED, LIST), Row(GATED, DENIED)),
)
"""What is compared over HTTP, base first, in more pairs than there are rounds."""
