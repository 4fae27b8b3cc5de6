"""Members who subscribed, on the twin, and what they then do over GraphQL."""

from dataclasses import dataclass
from typing import Any

from identity.model import Principal
from tests.flow.selling import Selling, member

CHANGE = """{ change { effectiveAt refundedMinor creditedMinor currency confirmation { clientSecret invoiceUrl }
    subscription { status plan { key } endsAt currentPeriodEndsAt } } userErrors { code message path declineCode } }"""
PREVIEW = """mutation($input: PreviewChangeInput!) { previewChange(input: $input) { userErrors { code message path }
    preview { timing effectiveAt proratedAt currency dueNowMinor taxMinor nextInvoice { totalMinor dueAt }
      lines { description amountMinor proration periodStart periodEnd } } } }"""


@dataclass
class Subscribed:
    """`caller` pays by `method`; what they ask for goes under a key of its own unless one is given."""

    shop: Selling
    caller: Principal
    customer: str
    asked: int = 0

    async def do(self, name: str, **wanted: Any) -> Any:
        """The payload of the mutation."""
        self.asked += 1
        asked = {"idempotencyKey": f"key-{self.asked}"} | wanted
        kind = name[0].upper() + name[1:]
        query = f"mutation($input: {kind}Input!) {{ {name}(input: $input) {CHANGE} }}"
        return (await self.shop.ask(self.caller, query, input=asked))[name]

    async def done(self, name: str, **wanted: Any) -> Any:
        """What was done; no errors."""
        answer = await self.do(name, **wanted)
        assert answer["userErrors"] == [], answer
        return answer["change"]

    async def refused(self, name: str, **wanted: Any) -> Any:
        """The only error."""
        answer = await self.do(name, **wanted)
        assert answer["change"] is None
        [error] = answer["userErrors"]
        assert error["message"]
        return error

    async def preview(self, **wanted: Any) -> Any:
        answer = (await self.shop.ask(self.caller, PREVIEW, input=wanted))["previewChange"]
        assert answer["userErrors"] == [], answer
        return answer["preview"]

    async def holds(self, feature: str) -> bool:
        return await self.shop.holds(self.caller, feature)

    async def gains(self, feature: str) -> None:
        await self.shop.until(lambda: self.holds(feature))

    async def loses(self, feature: str) -> None:
        async def lost() -> bool:
            return not await self.holds(feature)

        await self.shop.until(lost)

    @property
    def all(self) -> list[Any]:
        """The member's subscriptions at Stripe, the latest last."""
        return [each for each in self.shop.stripe.objects("subscription") if each["customer"] == self.customer]

    @property
    def now(self) -> Any:
        return self.all[-1]

    @property
    def prices(self) -> dict[str, int | None]:
        """Of the latest subscription, by lookup key: how many."""
        return {item["price"]["lookup_key"]: item["quantity"] for item in self.now["items"]["data"]}

    def of(self, kind: str) -> list[Any]:
        """The customer's objects of a kind at Stripe, the latest last."""
        return [each for each in self.shop.stripe.objects(kind) if each["customer"] == self.customer]

    def pays_by(self, token: str) -> str:
        """Makes it the default from now on."""
        call = self.shop.stripe.call
        id = call(f"POST /v1/payment_methods/{token}/attach", customer=self.customer)["id"]
        call(f"POST /v1/customers/{self.customer}", invoice_settings={"default_payment_method": id})
        return id


def price_id(shop: Selling, lookup_key: str) -> str:
    [found] = shop.stripe.call("GET /v1/prices", lookup_keys=[lookup_key])["data"]
    return found["id"]


async def subscribed(
    shop: Selling, name: str, *keys: str, method: str | None = "pm_card_visa", awaits: str | None = None, **more: Any
) -> Subscribed:
    """A member on these prices (`seats_monthly*3` for three), once `awaits` is held."""
    who = member(f"mem_{name}")
    call = shop.stripe.call
    named = {"member_id": who.subject}
    customer = call("POST /v1/customers", email=f"{name}@example.test", metadata=named)["id"]
    life = Subscribed(shop, who, customer)
    if method:
        life.pays_by(method)
    items: list[Any] = []
    for text in keys:
        key, _, count = text.partition("*")
        items.append({"price": price_id(shop, key)} | ({"quantity": int(count)} if count else {}))
    call("POST /v1/subscriptions", customer=customer, items=items, metadata=named, **more)

    async def known() -> bool:
        data = await shop.ask(who, "{ me { subscription { status } } }")
        return data["me"] is not None and data["me"]["subscription"] is not None

    await shop.until(known)
    if awaits:
        await life.gains(awaits)
    return life
