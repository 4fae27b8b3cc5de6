"""The links, pauses and claims known so far, in PostgreSQL: they only ever grow."""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.dunning import InvoiceFact, InvoiceStep
from billing.facts import Facts
from billing.state import Claim, Kind, Link, Node, PauseFact, PauseStep

ADD_LINKS = text(
    "INSERT INTO stripe_link (child_kind, child_id, parent_kind, parent_id)"
    " SELECT * FROM unnest(CAST(:child_kinds AS text[]), CAST(:child_ids AS text[]),"
    " CAST(:parent_kinds AS text[]), CAST(:parent_ids AS text[])) ON CONFLICT DO NOTHING RETURNING child_id"
)
ADD_PAUSES = text(
    "INSERT INTO stripe_pause_fact (subscription_id, step, occurred_at, period_end)"
    " VALUES (:subscription_id, :step, :occurred_at, :period_end) ON CONFLICT DO NOTHING"
)
ADD_INVOICES = text(
    "INSERT INTO stripe_invoice_fact (invoice_id, subscription_id, step, occurred_at)"
    " VALUES (:invoice_id, :subscription_id, :step, :occurred_at) ON CONFLICT DO NOTHING"
)
ADD_CLAIMS = text(
    "INSERT INTO stripe_claim (customer_id, claimed_at, seen_at, source, member_id)"
    " VALUES (:customer_id, :claimed_at, :seen_at, :source, :member_id) ON CONFLICT DO NOTHING"
)
WAY_UP = text(
    "WITH RECURSIVE way (start, kind, id) AS ("
    " SELECT id, kind, id FROM unnest(CAST(:kinds AS text[]), CAST(:ids AS text[])) AS start (kind, id)"
    " UNION SELECT way.start, link.parent_kind, link.parent_id FROM way JOIN stripe_link AS link"
    " ON link.child_id = way.id AND link.child_kind = way.kind)"
    " SELECT start, kind, id FROM way"
)
WAY_DOWN = text(
    "WITH RECURSIVE way (kind, id) AS ("
    " SELECT CAST('customer' AS text), CAST(:customer_id AS text)"
    " UNION SELECT link.child_kind, link.child_id FROM way JOIN stripe_link AS link"
    " ON link.parent_id = way.id AND link.parent_kind = way.kind)"
    " SELECT id FROM way WHERE kind = 'dispute' ORDER BY id"
)
DISPUTED = text(
    "WITH RECURSIVE way (kind, id) AS ("
    " SELECT child_kind, child_id FROM stripe_link WHERE child_kind = 'dispute'"
    " UNION SELECT link.parent_kind, link.parent_id FROM way JOIN stripe_link AS link"
    " ON link.child_id = way.id AND link.child_kind = way.kind)"
    " SELECT id FROM way WHERE kind = 'customer' UNION SELECT customer_id FROM dispute"
)
PAUSES = text("SELECT * FROM stripe_pause_fact WHERE subscription_id = ANY(:subscription_ids)")
INVOICES = text("SELECT * FROM stripe_invoice_fact WHERE subscription_id = ANY(:subscription_ids)")
CLAIMS = text("SELECT * FROM stripe_claim WHERE customer_id = ANY(:customer_ids)")


async def record_links(connection: AsyncConnection, links: Iterable[Link]) -> bool:
    """Adds those not yet known; True when any was new. In one order, so that two transactions never deadlock."""
    ordered = sorted(set(links))
    if not ordered:
        return False
    columns = {
        "child_kinds": [link.child.kind.value for link in ordered],
        "child_ids": [link.child.id for link in ordered],
        "parent_kinds": [link.parent.kind.value for link in ordered],
        "parent_ids": [link.parent.id for link in ordered],
    }
    return bool((await connection.execute(ADD_LINKS, columns)).all())


async def record_facts(connection: AsyncConnection, facts: Iterable[Facts]) -> bool:
    """Adds what is not yet known. Idempotent; True when a link was new."""
    every = list(facts)
    pauses = sorted({pause for each in every for pause in each.pauses}, key=_pause_order)
    claims = sorted({claim for each in every for claim in each.claims}, key=_claim_order)
    invoices = sorted({fact for each in every for fact in each.invoices})
    grown = await record_links(connection, (link for each in every for link in each.links))
    await record_pauses(connection, pauses)
    if invoices:
        await connection.execute(ADD_INVOICES, [_invoice_row(fact) for fact in invoices])
    if claims:
        await connection.execute(ADD_CLAIMS, [_claim_row(claim) for claim in claims])
    return grown


async def record_pauses(connection: AsyncConnection, pauses: Sequence[PauseFact]) -> None:
    """Adds those not yet known. Idempotent."""
    if pauses:
        await connection.execute(ADD_PAUSES, [_pause_row(pause) for pause in pauses])


async def find_ways_up(connection: AsyncConnection, nodes: Collection[Node]) -> dict[str, frozenset[Node]]:
    """By id of each of `nodes`: everything it came from, however far up, itself included."""
    if not nodes:
        return {}
    ordered = sorted(nodes)
    columns = {"kinds": [node.kind.value for node in ordered], "ids": [node.id for node in ordered]}
    ways: dict[str, set[Node]] = {node.id: set() for node in ordered}
    for row in await connection.execute(WAY_UP, columns):
        ways[row.start].add(Node(Kind(row.kind), row.id))
    return {start: frozenset(way) for start, way in ways.items()}


def customers_on(way: Iterable[Node]) -> list[str]:
    return sorted({node.id for node in way if node.kind is Kind.CUSTOMER})


def subscription_on(way: Iterable[Node]) -> str | None:
    """The subscription that a payment was for; a payment belongs to one invoice, an invoice to one subscription."""
    return min((node.id for node in way if node.kind is Kind.SUBSCRIPTION), default=None)


async def list_dispute_ids(connection: AsyncConnection, customer_id: str) -> Sequence[str]:
    """Every dispute known to lead to the customer."""
    return (await connection.execute(WAY_DOWN, {"customer_id": customer_id})).scalars().all()


async def list_disputed_customers(connection: AsyncConnection) -> frozenset[str]:
    """Every customer that a known dispute leads to."""
    return frozenset((await connection.execute(DISPUTED)).scalars())


async def list_pauses(connection: AsyncConnection, subscription_ids: Collection[str]) -> list[PauseFact]:
    rows = await connection.execute(PAUSES, {"subscription_ids": list(subscription_ids)})
    return [PauseFact(row.subscription_id, PauseStep(row.step), row.occurred_at, row.period_end) for row in rows]


async def list_invoice_facts(connection: AsyncConnection, subscription_ids: Collection[str]) -> list[InvoiceFact]:
    rows = await connection.execute(INVOICES, {"subscription_ids": list(subscription_ids)})
    return [InvoiceFact(row.invoice_id, row.subscription_id, InvoiceStep(row.step), row.occurred_at) for row in rows]


async def list_claims(connection: AsyncConnection, customer_id: str) -> list[Claim]:
    return (await list_claims_of(connection, [customer_id])).get(customer_id, [])


async def list_claims_of(connection: AsyncConnection, customer_ids: Collection[str]) -> dict[str, list[Claim]]:
    """By customer; those without any are left out."""
    claims: dict[str, list[Claim]] = {}
    for row in await connection.execute(CLAIMS, {"customer_ids": list(customer_ids)}):
        claim = Claim(row.customer_id, row.claimed_at, row.seen_at, row.source, row.member_id)
        claims.setdefault(row.customer_id, []).append(claim)
    return claims


def _invoice_row(fact: InvoiceFact) -> dict[str, object]:
    return {
        "invoice_id": fact.invoice_id,
        "subscription_id": fact.subscription_id,
        "step": fact.step.value,
        "occurred_at": fact.occurred_at,
    }


def _pause_row(fact: PauseFact) -> dict[str, object]:
    return {
        "subscription_id": fact.subscription_id,
        "step": fact.step.value,
        "occurred_at": fact.occurred_at,
        "period_end": fact.period_end,
    }


def _pause_order(fact: PauseFact) -> tuple[str, ...]:
    return (fact.subscription_id, fact.step, str(fact.occurred_at), str(fact.period_end))


def _claim_row(claim: Claim) -> dict[str, object]:
    return {
        "customer_id": claim.customer_id,
        "claimed_at": claim.claimed_at,
        "seen_at": claim.seen_at,
        "source": claim.source,
        "member_id": claim.member_id,
    }


def _claim_order(claim: Claim) -> tuple[str, ...]:
    return (claim.customer_id, str(claim.claimed_at), str(claim.seen_at), claim.source, claim.member_id or "")
