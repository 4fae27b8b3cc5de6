"""What is asked, and who asks it."""

from dataclasses import dataclass
from pathlib import Path

from bench.answers import Shape, graphql_data
from bench.data import FREE, PRO
from bench.servers import Server

_QUERIES = Path(__file__).parent / "queries"


@dataclass(frozen=True, slots=True)
class Case:
    """One query and who asks it."""

    title: str
    query: str
    member_id: str = PRO


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Stripe's events, each signed and each another one."""

    title: str


@dataclass(frozen=True, slots=True)
class Row:
    """One server answering one case, with exactly `errors` errors. `table` is where it keeps what is delivered."""

    server: Server
    case: Case | Deliveries
    errors: int = 0
    shape: Shape = graphql_data
    connections: int = 16
    table: str = ""


def read_query(name: str) -> str:
    return (_QUERIES / f"{name}.graphql").read_text().strip()


LIST = Case("Q1, a gated list of 50, allowed", read_query("list"))
DENIED = Case("Q1, the same list, its bodies denied", read_query("list"), FREE)
ME = Case("Q2, a small hot query", read_query("me"))
NESTED = Case("Q3, three levels of nested connections", read_query("nested"))
WEBHOOK = Deliveries("Acknowledging a webhook")
