"""Our copy of what customers paid for once."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.state import Purchase, PurchasedItem

KNOWN = text(
    "SELECT child_id FROM stripe_link WHERE child_kind = 'purchase' AND parent_id = :customer_id"
    " UNION SELECT purchase.child_id FROM stripe_link AS invoice JOIN stripe_link AS purchase"
    " ON purchase.child_id = invoice.child_id AND purchase.child_kind = 'purchase'"
    " WHERE invoice.parent_id = :customer_id AND invoice.child_kind = 'invoice' ORDER BY child_id"
)
STORED = text("SELECT customer_id, content FROM purchase WHERE customer_id = ANY(:customer_ids) ORDER BY id")
FORGET = text("DELETE FROM purchase WHERE customer_id = :customer_id AND NOT id = ANY(:ids)")
SAVE = text(
    "INSERT INTO purchase (id, customer_id, content) VALUES (:id, :customer_id, CAST(:content AS jsonb))"
    " ON CONFLICT (id) DO UPDATE SET customer_id = excluded.customer_id, content = excluded.content"
)


async def list_purchase_ids(connection: AsyncConnection, customer_id: str) -> list[str]:
    """Invoices and Checkout Sessions that events show to have sold the customer something once."""
    return list((await connection.execute(KNOWN, {"customer_id": customer_id})).scalars())


async def list_purchases(connection: AsyncConnection, customer_ids: Collection[str]) -> dict[str, list[Purchase]]:
    """By customer, in order of ids; those without any are left out."""
    found: dict[str, list[Purchase]] = {}
    for row in await connection.execute(STORED, {"customer_ids": list(customer_ids)}):
        found.setdefault(row.customer_id, []).append(_purchase(row.content))
    return found


async def save_purchases(connection: AsyncConnection, customer_id: str, purchases: Collection[Purchase]) -> None:
    """Makes the customer's purchases equal these."""
    await connection.execute(FORGET, {"customer_id": customer_id, "ids": [each.id for each in purchases]})
    rows = [
        {"id": each.id, "customer_id": customer_id, "content": _encoded(each)}
        for each in sorted(purchases, key=lambda each: each.id)
    ]
    if rows:
        await connection.execute(SAVE, rows)


def _encoded(purchase: Purchase) -> str:
    whole = {**asdict(purchase), "bought_at": int(purchase.bought_at.timestamp())}
    return orjson.dumps(whole, option=orjson.OPT_SORT_KEYS).decode()


def _purchase(content: Mapping[str, Any]) -> Purchase:
    fields = dict(content)
    fields["items"] = tuple(PurchasedItem(**item) for item in content["items"])
    fields["bought_at"] = datetime.fromtimestamp(content["bought_at"], UTC)
    return Purchase(**fields)
