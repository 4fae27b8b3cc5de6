"""From lines to an invoice's totals: discounts first, then taxes. https://docs.stripe.com/billing/invoices/subscription"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from twin.core.store import Object, inside
from twin.money.amounts import rounded, shared


def with_discounts(lines: Sequence[Object], discounts: Sequence[tuple[str, Object]]) -> list[Object]:
    """The lines with what each discount takes off each; `discounts` are discount ids with their coupons, in order."""
    found = [line | {"discount_amounts": list[Object]()} for line in lines]
    for id, coupon in discounts:
        allowed = inside(coupon, "_applies_to", "products")
        bases = [_base(line, allowed) for line in found]
        if coupon["percent_off"] is not None:
            cuts = [rounded(Decimal(base) * Decimal(str(coupon["percent_off"])) / 100) for base in bases]
        else:
            off = amount_off(coupon, lines[0]["currency"]) if lines else 0
            cuts = shared(min(off or 0, sum(bases)), bases)
        for line, cut in zip(found, cuts, strict=True):
            if cut:
                line["discount_amounts"] = [*line["discount_amounts"], {"amount": cut, "discount": id}]
    return found


def amount_off(coupon: Object, currency: str) -> int | None:
    """What a coupon of an amount takes off in a currency; None where it has no amount in it."""
    if coupon["currency"] == currency:
        return coupon["amount_off"]
    return inside(coupon, "_currency_options", currency, "amount_off")


def _base(line: Object, products: Any) -> int:
    """What a discount may still be taken off."""
    product = inside(line, "pricing", "price_details", "product")
    if not line["discountable"] or line["amount"] <= 0 or (products and product not in products):
        return 0
    return line["amount"] - sum(each["amount"] for each in line["discount_amounts"])


def with_taxes(lines: Sequence[Object], rates: Sequence[Object]) -> list[Object]:
    """The lines with the taxes of their own rates (`_tax_rates`), or of `rates` where they have none."""
    return [line | {"taxes": [_tax(line, rate) for rate in line.get("_tax_rates") or rates]} for line in lines]


def _tax(line: Object, rate: Object) -> Object:
    base = line["amount"] - sum(each["amount"] for each in line["discount_amounts"])
    percent = Decimal(str(rate["percentage"]))
    inclusive = rate["inclusive"]
    amount = rounded(Decimal(base) * percent / (100 + percent if inclusive else 100))
    return {
        "amount": amount,
        "tax_behavior": "inclusive" if inclusive else "exclusive",
        "tax_rate_details": {"tax_rate": rate["id"]},
        "taxability_reason": "standard_rated",
        "taxable_amount": base - amount if inclusive else base,
        "type": "tax_rate_details",
    }


def totals_of(lines: Sequence[Object]) -> Object:
    """The invoice's fields that its lines decide."""
    cuts = [cut for line in lines for cut in line["discount_amounts"]]
    taxes = [tax for line in lines for tax in line["taxes"]]
    subtotal = sum(line["amount"] for line in lines)
    discounted = subtotal - sum(cut["amount"] for cut in cuts)
    exclusive = sum(tax["amount"] for tax in taxes if tax["tax_behavior"] == "exclusive")
    inclusive = sum(tax["amount"] for tax in taxes if tax["tax_behavior"] == "inclusive")
    return {
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal - inclusive,
        "total": discounted + exclusive,
        "total_excluding_tax": discounted - inclusive,
        "total_discount_amounts": _summed(cuts, ("discount",)),
        "total_taxes": _summed(
            taxes, ("tax_behavior", "tax_rate_details", "taxability_reason", "type"), ("taxable_amount",)
        ),
        "total_pretax_credit_amounts": [],
    }


def _summed(parts: Sequence[Object], names: tuple[str, ...], also: tuple[str, ...] = ()) -> list[Object]:
    found: dict[str, Object] = {}
    for part in parts:
        kept = {name: part[name] for name in names}
        entry = found.setdefault(repr(kept), {"amount": 0, **kept, **dict.fromkeys(also, 0)})
        for name in ("amount", *also):
            entry[name] += part[name]
    return list(found.values())
