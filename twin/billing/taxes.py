"""Taxes: the rates named by hand, or those of the customer's country. https://docs.stripe.com/tax/subscriptions

Real Stripe Tax knows jurisdictions down to the street; the twin knows one standard rate for each country, enough to
see amounts with tax. Where it knows none, automatic tax is complete and nothing.
"""

from collections.abc import Sequence

from twin.core.store import Object, inside
from twin.core.world import World

STANDARD: dict[str, tuple[str, float]] = {
    "AT": ("vat", 20),
    "BE": ("vat", 21),
    "CH": ("vat", 8.1),
    "DE": ("vat", 19),
    "ES": ("vat", 21),
    "FR": ("vat", 20),
    "GB": ("vat", 20),
    "IE": ("vat", 23),
    "IT": ("vat", 22),
    "NL": ("vat", 21),
    "PL": ("vat", 23),
    "SE": ("vat", 25),
}


def rates_for(world: World, customer: Object, holder: Object) -> tuple[Sequence[Object], str | None]:
    """The rates that apply to the holder's lines, and the status of automatic tax (None where it is off)."""
    if not holder["automatic_tax"]["enabled"]:
        return holder.get("default_tax_rates") or [], None
    country: str | None = inside(customer, "address", "country")
    if not country:
        return [], "requires_location_inputs"
    if customer["tax_exempt"] != "none" or country not in STANDARD:
        return [], "complete"
    return [_rate(world, country)], "complete"


def _rate(world: World, country: str) -> Object:
    id = f"txr_automatic{country}"
    held = world.store.find("tax_rate", id)
    type, percentage = STANDARD[country]
    return held or world.create(new_rate(world, id, type.upper(), percentage, country=country, tax_type=type))


def new_rate(world: World, id: str, name: str, percentage: float, **more: object) -> Object:
    version: Object = {
        "id": id,
        "object": "tax_rate",
        "active": True,
        "country": None,
        "created": int(world.now),
        "description": None,
        "display_name": name,
        "effective_percentage": None,
        "flat_amount": None,
        "inclusive": False,
        "jurisdiction": None,
        "jurisdiction_level": None,
        "livemode": False,
        "metadata": {},
        "percentage": percentage,
        "rate_type": "percentage",
        "state": None,
        "tax_type": None,
    }
    return version | more
