"""Refunds: https://docs.stripe.com/refunds"""

from twin.core.errors import invalid
from twin.core.store import Object
from twin.core.world import World
from twin.payments.charges import balance_transaction


def refund(world: World, charge: Object, amount: int | None, reason: str | None, metadata: Object) -> Object:
    """Gives back `amount`, or all that is left. Makes `refund.created`, `charge.refunded`, `refund.updated`."""
    left = charge["amount_captured"] - charge["amount_refunded"]
    if not charge["paid"] or charge["disputed"]:
        raise invalid(f"Charge {charge['id']} cannot be refunded.", "charge", "charge_not_refundable")
    if left == 0:
        raise invalid(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    wanted = left if amount is None else amount
    if not 0 < wanted <= left:
        raise invalid(f"Refund amount ({wanted}) is greater than unrefunded amount on charge ({left})", "amount")
    now, id = world.time_of(charge), world.ids.new("re")
    version: Object = {
        "id": id,
        "object": "refund",
        "amount": wanted,
        "balance_transaction": balance_transaction(world, id, -wanted, charge["currency"], "refund", now),
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "customer": charge["customer"],
        "customer_account": None,
        "destination_details": {"type": "card", "card": {"type": "refund"}},
        "metadata": metadata,
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
        "_clock": charge.get("_clock"),
    }
    made = world.create(version, "refund.created")
    total = charge["amount_refunded"] + wanted
    world.change(charge, "charge.refunded", amount_refunded=total, refunded=total == charge["amount_captured"])
    reference = {
        "reference": world.ids.text("arn")[:14],
        "reference_status": "available",
        "reference_type": "acquirer_reference_number",
        "type": "refund",
    }
    return world.change(made, "refund.updated", destination_details={"type": "card", "card": reference})
