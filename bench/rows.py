"""What is measured: servers, cases, and the tables they stand in."""

from dataclasses import dataclass
from pathlib import Path

from bench import comparisons
from bench.answers import Shape, flat_rows, graphql_data
from bench.comparisons import Comparison
from bench.data import FREE, PRO
from bench.servers import Server, node, uvicorn

_QUERIES = Path(__file__).parent / "queries"
_OURS, _PEERS = "bench.gatehouse", "bench.peers.python"
_SAME_SWITCHES = {"BENCH_ENTITLEMENTS": "memory", "BENCH_TOKEN_CACHE": "on"}


@dataclass(frozen=True, slots=True)
class Case:
    """One query and who asks it."""

    title: str
    query: str
    member_id: str


@dataclass(frozen=True, slots=True)
class Row:
    """One server answering one case, with exactly `errors` errors."""

    server: Server
    case: Case
    errors: int = 0
    shape: Shape = graphql_data


GATEHOUSE = uvicorn("Gatehouse", f"{_OURS}:shipped", "/spa/graphql")
UNGATED = uvicorn("Gatehouse, gates off", f"{_OURS}:ungated", "/spa/graphql")
UNWALLED = uvicorn("Gatehouse, gates and wall off", f"{_OURS}:unwalled", "/spa/graphql")
ERRORS = uvicorn("Gatehouse, denials as errors", f"{_OURS}:denying_by_error", "/spa/graphql")
MERCURIUS = node("mercurius JIT", "mercurius.js", "/graphql", **_SAME_SWITCHES)
STOCK = uvicorn("Strawberry", f"{_PEERS}.stock:build", "/graphql/")
CACHED = uvicorn("Strawberry, both caches", f"{_PEERS}.stock:build", "/graphql/", BENCH_CACHES="on", **_SAME_SWITCHES)
RAW = uvicorn("Starlette + asyncpg + orjson", f"{_PEERS}.raw:build", "/articles")

_LIST, _ME = ((_QUERIES / f"{name}.graphql").read_text().strip() for name in ("list", "me"))
LIST = Case("Q1, a gated list of 50, allowed", _LIST, PRO)
DENIED = Case("Q1, the same list, its bodies denied", _LIST, FREE)
ME = Case("Q2, a small hot query", _ME, PRO)

REFERENCE = MERCURIUS
"""Every ratio is against this server in the same case; every answer must say what its answer says."""

POSITIONS = 50
ROWS = (
    *(Row(server, LIST) for server in (MERCURIUS, GATEHOUSE, UNGATED, UNWALLED, STOCK, CACHED)),
    Row(RAW, LIST, shape=flat_rows),
    Row(MERCURIUS, DENIED, errors=POSITIONS),
    Row(GATEHOUSE, DENIED),
    Row(ERRORS, DENIED, errors=POSITIONS),
    Row(CACHED, DENIED, errors=POSITIONS),
    *(Row(server, ME) for server in (MERCURIUS, GATEHOUSE, STOCK, CACHED)),
)

RATIOS = (
    *((case, GATEHOUSE, MERCURIUS) for case in (LIST, ME, DENIED)),
    (DENIED, ERRORS, MERCURIUS),
    *((case, GATEHOUSE, CACHED) for case in (LIST, ME, DENIED)),
    *((case, GATEHOUSE, STOCK) for case in (LIST, ME)),
    (LIST, GATEHOUSE, RAW),
)
"""What is said first: how many times the req/s, and how much less the CPU, of the first server than of the second."""

PAIRS = (
    (Comparison(comparisons.ON, comparisons.OFF, bar=0.05), Row(UNGATED, LIST), Row(GATEHOUSE, LIST)),
    (Comparison(comparisons.DENIED, comparisons.ON), Row(GATEHOUSE, LIST), Row(GATEHOUSE, DENIED)),
)
"""What is compared over HTTP as well, base first, in more pairs than there are rounds."""
