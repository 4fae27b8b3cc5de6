"""Charges and the account's balance: https://docs.stripe.com/api/charges"""

from twin.core.settings import DAY
from twin.core.store import Object
from twin.core.world import World
from twin.payments.cards import Behavior, behavior_of, message_for

NO_REFUSAL = {"advice_code": None, "network_advice_code": None, "network_decline_code": None}


def charge(world: World, intent: Object, method: Object, *, declined: Behavior | None, pending: bool = False) -> Object:
    """One attempt to take the intent's amount from the method; makes `charge.succeeded`, `.failed` or `.pending`."""
    id, created = world.ids.new("ch"), world.time_of(intent)
    paid = declined is None
    balance = None
    if paid and not pending:
        balance = balance_transaction(world, id, intent["amount"], intent["currency"], "charge", created)
    version: Object = {
        "id": id,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if paid else 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": balance,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": world.account.name.upper()[:22],
        "captured": paid,
        "created": created,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": declined.decline if declined else None,
        "failure_message": message_for(declined) if declined else None,
        "fraud_details": {},
        "livemode": False,
        "metadata": intent["metadata"],
        "on_behalf_of": None,
        "outcome": _outcome(declined),
        "paid": paid,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": {"type": method["type"], method["type"]: _details(method)},
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": f"{world.links}/receipts/{id}" if paid else None,
        "refunded": False,
        "review": None,
        "shipping": None,
        "source": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "pending" if pending else ("succeeded" if paid else "failed"),
        "transfer_data": None,
        "transfer_group": None,
        "_clock": intent.get("_clock"),
        "_disputed_as": behavior_of(method).disputed if paid else None,
    }
    return world.create(version, f"charge.{version['status']}")


def settle_charge(world: World, held: Object, declined: Behavior | None) -> Object:
    """The late result of a pending charge."""
    if declined:
        failure = {"failure_code": declined.decline, "failure_message": message_for(declined)}
        refused = {"status": "failed", "paid": False, "captured": False, "amount_captured": 0}
        held = world.change(held, **refused, **failure, outcome=_outcome(declined))
        world.tell("charge.failed", held)
        return held
    balance = balance_transaction(world, held["id"], held["amount"], held["currency"], "charge", world.time_of(held))
    held = world.change(held, status="succeeded", balance_transaction=balance)
    world.tell("charge.succeeded", held)
    return held


def balance_transaction(world: World, source: str, amount: int, currency: str, type: str, at: int) -> str:
    """Books `amount` (negative: out of the balance) at Stripe's 2.9 % + 30; returns its id."""
    fee = round(amount * 0.029) + 30 if type == "charge" else 0
    version: Object = {
        "id": world.ids.new("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": at + 2 * DAY,
        "balance_type": "payments",
        "created": at,
        "currency": currency,
        "description": None,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [],
        "net": amount - fee,
        "reporting_category": type,
        "source": source,
        "status": "pending",
        "type": type,
    }
    return world.create(version)["id"]


def _outcome(declined: Behavior | None) -> Object:
    if declined is None:
        return NO_REFUSAL | {
            "network_status": "approved_by_network",
            "reason": None,
            "risk_level": "normal",
            "seller_message": "Payment complete.",
            "type": "authorized",
        }
    reason = declined.decline_code or declined.decline
    return NO_REFUSAL | {
        "network_status": "declined_by_network",
        "reason": reason,
        "risk_level": "normal",
        "seller_message": f"The bank returned the decline code `{reason}`.",
        "type": "issuer_declined",
    }


def _details(method: Object) -> Object:
    held = method[method["type"]]
    if method["type"] != "card":
        return {**{name: held[name] for name in ("country", "fingerprint", "last4")}, "mandate": None}
    names = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4", "wallet")
    more = ("installments", "mandate", "three_d_secure", "network_token", "amount_authorized", "authorization_code")
    return {**{name: held[name] for name in names}, **dict.fromkeys(more), "network": held["brand"]}
