"""What buying takes, by whatever way: prices as Stripe has them, the customer, and that nothing is bought twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from billing.actions import Action
from billing.customers import require_customer
from billing.model import Catalogue, Interval
from billing.objects import id_of, objects_in, text_in
from billing.orders import Basket, Line, Order, basket_for, standing_among
from billing.ports import Ask, Json
from billing.refusals import Refusal, RefusalCode
from billing.state import Subscription
from billing.subscriptions import list_subscriptions_of
from billing.trials import Beginning, beginning_for, had_trial
from identity.members import find_member

PRICES, PROMOTION_CODES = "/v1/prices", "/v1/promotion_codes"


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that Stripe needs to know, in its words. `discounts` is empty without a code."""

    basket: Basket
    customer: Json
    lines: tuple[Json, ...]
    discounts: tuple[Json, ...]
    beginning: Beginning

    @property
    def customer_id(self) -> str:
        return id_of(self.customer)

    def lines_paid(self, *, once: bool) -> list[Json]:
        """The lines that are paid once, or those that recur."""
        pairs = zip(self.basket.lines, self.lines, strict=True)
        return [shown for line, shown in pairs if (line.price.interval is Interval.ONCE) is once]

    def parameters_naming(self, named: Mapping[str, str]) -> Json:
        """Of the subscription: its beginning, with `named` in its metadata."""
        given = self.beginning.parameters
        return {**given, "metadata": {**given.get("metadata", {}), **named}}

    @property
    def subscribed(self) -> Json:
        """What Stripe is told of it however a subscription to it is made; some of it may be empty."""
        return {
            "customer": self.customer_id,
            "items": self.lines_paid(once=False),
            "currency": self.basket.currency,
            "discounts": list(self.discounts),
            "payment_settings": {"save_default_payment_method": "on_subscription"},
            **self.tax_parameters,
        }

    @property
    def tax_parameters(self) -> Json:
        """Stripe works taxes out where the catalogue says what kind of thing is sold (`tax_code`)."""
        return {"automatic_tax": {"enabled": True}} if self.basket.plan.tax_code else {}


async def prepare(
    action: Action,
    member_id: str,
    order: Order,
    promotion_code: str | None,
    country: str | None,
    *,
    comes_back: bool = False,
) -> Prepared | Refusal:
    """Buys nothing yet, but makes the member's customer where there is none. Who `comes_back` is given no trial.

    Raises Refused, errors.Unavailable.
    """
    acting, catalogue = action.acting, action.acting.syncing.catalogue
    if country is None and (known := await find_member(acting.database, member_id)):
        country = known.country
    basket = basket_for(order, catalogue, country)
    if isinstance(basket, Refusal):
        return basket
    discounts = await _discounts(acting.ask, promotion_code) if promotion_code else ()
    if isinstance(discounts, Refusal):
        return discounts
    customer = await require_customer(action, member_id)
    await action.sync(id_of(customer))
    former = await list_subscriptions_of(acting.database, member_id)
    if refusal := _already_subscribed(basket, former, catalogue):
        return refusal
    had = comes_back or await had_trial(acting.database, member_id)
    beginning = beginning_for(basket.plan, basket.own[0].price, catalogue, had_trial=had)
    begun = basket.begun_with(beginning.price)
    lines = await priced_lines(acting.ask, begun.lines)
    return lines if isinstance(lines, Refusal) else Prepared(begun, customer, lines, discounts, beginning)


def _already_subscribed(basket: Basket, former: Sequence[Subscription], catalogue: Catalogue) -> Refusal | None:
    """A plan is not bought twice; add-ons by themselves are."""
    standing = None if basket.once or basket.plan.add_on else standing_among(former, catalogue)
    if standing is None:
        return None
    message = f"You have a subscription already ({standing.status}): change its plan instead of buying another."
    return Refusal(RefusalCode.ALREADY_SUBSCRIBED, message)


async def priced_lines(ask: Ask, lines: Sequence[Line]) -> tuple[Json, ...] | Refusal:
    """The lines with Stripe's own ids of their prices."""
    keys = [line.price.lookup_key for line in lines if line.price.lookup_key and not line.price.price_id]
    answer = await ask("get", PRICES, {"lookup_keys": keys, "active": True, "limit": 100}) if keys else None
    ids = {text_in(price, "lookup_key"): id_of(price) for price in objects_in({"list": answer}, "list")}
    priced: list[Json] = []
    for line in lines:
        id = line.price.price_id or ids.get(line.price.lookup_key)
        if id is None:
            remedy = "the operator runs `gatehouse catalog apply`"
            return Refusal(RefusalCode.NOT_ON_SALE, f"Stripe has no price {line.price.lookup_key} yet: {remedy}.")
        priced.append({"price": id} if line.quantity is None else {"price": id, "quantity": line.quantity})
    return tuple(priced)


async def _discounts(ask: Ask, code: str) -> tuple[Json, ...] | Refusal:
    found = objects_in({"list": await ask("get", PROMOTION_CODES, {"code": code, "active": True})}, "list")
    if not found:
        message = "This promotion code is not valid: check it, or leave it out."
        return Refusal(RefusalCode.PROMOTION_CODE_NOT_VALID, message, ("promotionCode",))
    return ({"promotion_code": id_of(found[0])},)
