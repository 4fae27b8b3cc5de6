"""What there is to say about something to buy, by whatever way."""

import strawberry

from billing.orders import Extra, Order
from gating.directives import Audience, only_for
from resolvers.inputs import text_of
from schema.fields import field
from schema.plans import Interval  # from where it is shown

MEMBERS = only_for(Audience.SPA)


@strawberry.input(description="Something to buy on top of a plan.", directives=[MEMBERS])
class AddOnInput:
    price_lookup_key: str = field("The price, as `Price.lookupKey` names it.")
    quantity: int = strawberry.field(default=1, description="How many.")


@strawberry.input(description="What to buy.", directives=[MEMBERS])
class OrderInput:
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
    promotion_code: str | None = strawberry.field(default=None, description="A code that takes something off.")
    country: str | None = strawberry.field(
        default=None, description="ISO 3166-1 alpha-2, for what is not sold everywhere; the member's when left out."
    )


def order_in(input: OrderInput) -> Order:
    """Raises BadInput."""
    return Order(
        optional_text("priceLookupKey", input.price_lookup_key),
        optional_text("plan", input.plan),
        input.interval,
        optional_text("currency", input.currency),
        input.quantity,
        tuple(Extra(text_of("addOns", each.price_lookup_key), each.quantity) for each in input.add_ons),
    )


def optional_text(name: str, value: str | None) -> str | None:
    return None if value is None else text_of(name, value)


def country_in(input: OrderInput) -> str | None:
    country = optional_text("country", input.country)
    return country.upper() if country else None
