"""Getting in: where a member begins to pay."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from billing.checkout import Checkout
from billing.orders import Extra, Order
from billing.return_urls import LONGEST_URL
from gating.directives import Audience, Authenticated, only_for
from resolvers import billing as resolve
from resolvers.context import Info
from resolvers.inputs import text_of
from schema.billing_payloads import KEY, BillingPayload
from schema.fields import field
from schema.plans import Interval  # from where it is shown

MEMBERS = only_for(Audience.SPA)
T = "What to do it with."


@strawberry.input(description="Something to buy on top of a plan.", directives=[MEMBERS])
class AddOnInput:
    price_lookup_key: str = field("The price, as `Price.lookupKey` names it.")
    quantity: int = strawberry.field(default=1, description="How many.")


@strawberry.input(description="What to buy, and where to come back to.", directives=[MEMBERS])
class StartCheckoutInput:
    success_url: str = field(
        "Where to go when it is paid: a path on this service, or an address that it allows. Stripe puts the session's"
        " id in place of `{CHECKOUT_SESSION_ID}`. Being there proves nothing: ask for what is held."
    )
    idempotency_key: str = field(KEY)
    cancel_url: str | None = strawberry.field(default=None, description="Where to go when it is not; as `successUrl`.")
    price_lookup_key: str | None = strawberry.field(
        default=None, description="The price, as `Price.lookupKey` names it; else give `plan`."
    )
    plan: str | None = strawberry.field(default=None, description="The key of the plan, in place of a price.")
    interval: Interval | None = strawberry.field(
        default=None, description="How often to pay, with `plan`; as its first price says when left out."
    )
    currency: str | None = strawberry.field(default=None, description="ISO 4217; one that is offered when left out.")
    quantity: int = strawberry.field(default=1, description="How many, for what is sold by number.")
    add_ons: list[AddOnInput] = strawberry.field(default_factory=list, description="What to buy with it.")
    promotion_code: str | None = strawberry.field(
        default=None, description="A code that takes something off; can be typed in at the checkout too."
    )
    country: str | None = strawberry.field(
        default=None, description="ISO 3166-1 alpha-2, for what is not sold everywhere; the member's when left out."
    )


@strawberry.type(description="A page of Stripe's to pay on.", directives=[MEMBERS])
class CheckoutSession:
    url: str = field("Where to send the browser.")
    session_id: str = field("Its id at Stripe.")
    expires_at: datetime = field("When it can no longer be used.")


@strawberry.type(description="Where to pay.", directives=[MEMBERS])
class StartCheckoutPayload(BillingPayload):
    entity: CheckoutSession | None = field("The page; null when there are errors.", name="checkout")


@strawberry.type(description="How members begin to pay.")
class BillingCheckout:
    @strawberry.field(
        description="Begins a checkout on a page of Stripe's. What is bought is held as soon as Stripe has told of it.",
        directives=[MEMBERS, Authenticated()],
        graphql_type=StartCheckoutPayload,
    )
    async def start_checkout(
        self, info: Info, input: Annotated[StartCheckoutInput, strawberry.argument(description=T)]
    ) -> Any:
        return await resolve.start_checkout(info, input.idempotency_key, _checkout(input))


def _checkout(input: StartCheckoutInput) -> Checkout:
    extras = tuple(Extra(text_of("addOns", each.price_lookup_key), each.quantity) for each in input.add_ons)
    order = Order(
        _text("priceLookupKey", input.price_lookup_key),
        _text("plan", input.plan),
        input.interval,
        _text("currency", input.currency),
        input.quantity,
        extras,
    )
    success = text_of("successUrl", input.success_url, longest=LONGEST_URL)
    cancel = None if input.cancel_url is None else text_of("cancelUrl", input.cancel_url, longest=LONGEST_URL)
    code, country = _text("promotionCode", input.promotion_code), _text("country", input.country)
    return Checkout(order, success, cancel, code, country)


def _text(name: str, value: str | None) -> str | None:
    return None if value is None else text_of(name, value)
