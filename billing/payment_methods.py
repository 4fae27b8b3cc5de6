"""How a member can pay, as Stripe has it: what there is to tell one from another, and no more. Read, never stored."""

from collections.abc import Sequence
from dataclasses import dataclass

from billing.actions import Acting
from billing.asking import in_time
from billing.customers import CUSTOMERS, list_customers_of
from billing.objects import id_in, id_of, object_in, objects_in, text_in
from billing.ports import Json
from billing.state import ENDED
from billing.subscriptions import find_subscription_of

SUBSCRIPTIONS = "/v1/subscriptions"


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """`kind` is Stripe's word (card, sepa_debit, …). The month and year of expiry are a card's, as `brand` is."""

    id: str
    kind: str
    brand: str | None
    last4: str | None
    expires_month: int | None
    expires_year: int | None
    is_default: bool


async def list_payment_methods(acting: Acting, member_id: str) -> Sequence[PaymentMethod]:
    """The default one first, which is what the next payment is tried with; then as Stripe lists them.

    Raises errors.Unavailable when Stripe does not answer in time.
    """
    found: list[PaymentMethod] = []
    async with in_time():
        subscription = await find_subscription_of(acting.database, member_id)
        for customer_id in await list_customers_of(acting.database, member_id):
            customer = await acting.read("get", f"{CUSTOMERS}/{customer_id}")
            if customer is None or customer.get("deleted"):
                continue
            pays = subscription and subscription.customer_id == customer_id and subscription.status not in ENDED
            held = await acting.read("get", f"{SUBSCRIPTIONS}/{subscription.id}") if subscription and pays else None
            default = default_method_of(customer, held)
            answer = await acting.read("get", f"{CUSTOMERS}/{customer_id}/payment_methods", {"limit": 100})
            found += [_method(each, default) for each in objects_in({"list": answer}, "list")]
    return sorted(found, key=lambda each: not each.is_default)


def default_method_of(customer: Json, subscription: Json | None) -> str | None:
    """A subscription's own comes before the customer's."""
    own = id_in(subscription, "default_payment_method")
    return own or id_in(object_in(customer, "invoice_settings"), "default_payment_method")


def _method(value: Json, default: str | None) -> PaymentMethod:
    kind = text_in(value, "type") or "unknown"
    details = object_in(value, kind)
    month, year = details.get("exp_month"), details.get("exp_year")
    return PaymentMethod(
        id=id_of(value),
        kind=kind,
        brand=text_in(details, "brand"),
        last4=text_in(details, "last4"),
        expires_month=month if isinstance(month, int) else None,
        expires_year=year if isinstance(year, int) else None,
        is_default=id_of(value) == default,
    )
