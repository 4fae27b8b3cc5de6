"""A member's Stripe customer: the one that is linked, or a new one, of which there is never a second by accident."""

from collections.abc import Sequence

from billing.action_rows import ActionKey, begin, finish, forget, list_results
from billing.actions import RESUMED_FOR, Acting, Action
from billing.facts import Facts
from billing.links import record_facts
from billing.objects import id_of, time_in
from billing.ports import Json
from billing.queue import mark_dirty
from billing.state import ENDED, Claim
from identity.members import find_member
from storage.database import Database

CUSTOMERS = "/v1/customers"
KIND = "createCustomer"

# Those that somebody else was linked to since are not ours any more, though we made them.
OF_MEMBER = (
    "SELECT known.customer_id FROM ("
    " SELECT customer_id FROM customer_sync WHERE member_id = :member_id"
    " UNION SELECT result->>'id' FROM billing_action AS made WHERE actor = :actor AND result IS NOT NULL"
    " AND NOT EXISTS (SELECT FROM customer_sync AS sync WHERE sync.customer_id = made.result->>'id'"
    " AND sync.member_id <> :member_id)) AS known (customer_id)"
    " LEFT JOIN subscription ON subscription.customer_id = known.customer_id GROUP BY known.customer_id"
    " ORDER BY bool_or(NOT status = ANY(:ended)) DESC NULLS LAST, max(created_at) DESC NULLS LAST, known.customer_id"
)


async def list_customers_of(database: Database, member_id: str) -> Sequence[str]:
    """The member's customers at Stripe as far as we know; first those with something that has not ended, the latest."""
    names = {"member_id": member_id, "actor": _actor(member_id), "ended": sorted(ENDED)}
    return [row.customer_id for row in await database.fetch(OF_MEMBER, names)]


async def fetch_customer_of(acting: Acting, member_id: str) -> Json | None:
    """The first of them that is still there. Raises errors.Unavailable."""
    for customer_id in await list_customers_of(acting.database, member_id):
        found = await acting.ask("get", f"{CUSTOMERS}/{customer_id}")
        if found is not None and not found.get("deleted"):
            return found
    return None


async def require_customer(action: Action, member_id: str) -> Json:
    """The member's customer; made where there is none. Raises Refused, errors.Unavailable."""
    return await fetch_customer_of(action.acting, member_id) or await _create(action.acting, member_id)


async def _create(acting: Acting, member_id: str) -> Json:
    """An action of its own, under a key that counts those made before: whoever was interrupted gets the same one."""
    key = await _begun(acting, member_id)
    member = await find_member(acting.database, member_id)
    known = {"email": member.email, "name": member.name} if member else {}
    parameters = {
        "metadata": {acting.syncing.member_key: member_id},
        **{name: value for name, value in known.items() if value},
    }
    made = await Action(acting, key).ask("create", "post", CUSTOMERS, parameters)
    customer_id, now = id_of(made), acting.now()
    at = time_in(made, "created") or now
    async with acting.database.transaction() as connection:
        # As its event will say, which may be long in coming.
        claim = Claim(customer_id, at, at, "customer", member_id)
        await record_facts(connection, [Facts(claims=(claim,))])
        await mark_dirty(connection, [customer_id])
        await finish(connection, key, {"id": customer_id}, now)
    return made


async def _begun(acting: Acting, member_id: str) -> ActionKey:
    actor, now = _actor(member_id), acting.now()
    async with acting.database.transaction() as connection:
        key = ActionKey(actor, f"{1 + len(await list_results(connection, actor))}")
        begun = await begin(connection, key, KIND, "", now)
        if begun.begun_at + RESUMED_FOR <= now:
            # Stripe has forgotten it; had it been made, its event would have told us by now.
            await forget(connection, key)
            await begin(connection, key, KIND, "", now)
    return key


def _actor(member_id: str) -> str:
    return f"customer:{member_id}"
