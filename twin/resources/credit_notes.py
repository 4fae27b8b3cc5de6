"""Credit notes: https://docs.stripe.com/invoicing/credit-notes"""

from twin.api.pages import list_of, page_of
from twin.api.routes import Params, route
from twin.billing.balances import book
from twin.billing.collection import mark_paid
from twin.billing.items import refuse
from twin.core.errors import invalid
from twin.core.store import Object, entries
from twin.core.world import World
from twin.payments.refunds import refund
from twin.resources.fields import listing, metadata_of, patched, required

UNSUPPORTED = ("refunds", "shipping_cost", "effective_at")
LINE_UNSUPPORTED = ("tax_amounts", "tax_rates", "unit_amount_decimal")


@route("POST /v1/credit_notes")
def create(world: World, params: Params) -> Object:
    return _issue(world, params, "create")


@route("GET /v1/credit_notes/preview")
def preview(world: World, params: Params) -> Object:
    with world.rehearsal():
        return _issue(world, params, "preview")


def _issue(world: World, params: Params, what: str) -> Object:
    refuse(params, f"credit_notes.{what}", *UNSUPPORTED)
    required(params, "invoice")
    invoice = world.get("invoice", params["invoice"], "invoice")
    if invoice["status"] not in ("open", "paid"):
        raise invalid(
            f"Credit notes can only be issued for open or paid invoices, not for {invoice['status']} ones.", "invoice"
        )
    lines = _lines(world, invoice, params)
    amount = sum(line["amount"] for line in lines)
    before = invoice["pre_payment_credit_notes_amount"] + invoice["post_payment_credit_notes_amount"]
    if not 0 < amount <= invoice["total"] - before:
        raise invalid("The sum of credit notes cannot exceed the invoice's total.", "amount")
    version = _note(world, invoice, lines, amount, params)
    version |= _open(world, invoice, amount) if invoice["status"] == "open" else _paid(world, invoice, amount, params)
    return world.create(version, "credit_note.created")


def _open(world: World, invoice: Object, amount: int) -> Object:
    """Less is due; nothing due is paid."""
    credited = invoice["pre_payment_credit_notes_amount"] + amount
    due = max(0, invoice["amount_due"] - amount)
    changes = {"pre_payment_credit_notes_amount": credited, "amount_due": due, "amount_remaining": due}
    invoice = world.change(invoice, "invoice.updated", **changes)
    if due == 0:
        mark_paid(world, invoice)
    elif invoice["_intent"]:
        world.change(world.get("payment_intent", invoice["_intent"]), None, amount=due)
    return {"type": "pre_payment", "pre_payment_amount": amount, "post_payment_amount": 0}


def _paid(world: World, invoice: Object, amount: int, params: Params) -> Object:
    """Given back as a refund, as credit to the customer's balance, or outside Stripe; the three make up the amount."""
    refunded, credited, outside = (params.get(f"{name}_amount", 0) for name in ("refund", "credit", "out_of_band"))
    if refunded + credited + outside != amount:
        raise invalid(
            "The sum of refund_amount, credit_amount and out_of_band_amount must equal the credit note's amount.",
            "amount",
        )
    refunds: list[Object] = []
    if refunded:
        intent = world.get("payment_intent", invoice["_intent"] or "")
        made = refund(world, world.get("charge", intent["latest_charge"]), refunded, None, {})
        refunds = [{"amount_refunded": refunded, "payment_record_refund": None, "refund": made["id"], "type": "refund"}]
    entry: str | None = None
    if credited:
        customer = world.get("customer", invoice["customer"])
        entry = book(world, customer, -credited, "credit_note", invoice=invoice["id"])["id"]
    total = invoice["post_payment_credit_notes_amount"] + amount
    world.change(invoice, "invoice.updated", post_payment_credit_notes_amount=total)
    amounts: Object = {"pre_payment_amount": 0, "post_payment_amount": amount, "out_of_band_amount": outside or None}
    amounts["customer_balance_transaction"] = entry
    return {"type": "post_payment", "refunds": refunds, **amounts}


def _lines(world: World, invoice: Object, params: Params) -> list[Object]:
    if "lines" not in params:
        amount: int = params.get("amount") or sum(
            params.get(f"{n}_amount", 0) for n in ("refund", "credit", "out_of_band")
        )
        return [_line(world, amount, "Credit", None)]
    found: list[Object] = []
    for place, each in enumerate(entries(params, "lines")):
        refuse(each, "credit_notes with lines", *LINE_UNSUPPORTED)
        if each["type"] == "custom_line_item":
            found.append(
                _line(world, each.get("unit_amount", 0) * each.get("quantity", 1), each.get("description"), None)
            )
            continue
        held = next((line for line in invoice["lines"]["data"] if line["id"] == each.get("invoice_line_item")), None)
        if held is None:
            raise invalid("No such invoice line item.", f"lines[{place}][invoice_line_item]", "resource_missing")
        found.append(_line(world, each.get("amount", held["amount"]), held["description"], held["id"]))
    return found


def _line(world: World, amount: int, description: str | None, source: str | None) -> Object:
    return {
        "id": world.ids.new("cnli"),
        "object": "credit_note_line_item",
        "amount": amount,
        "description": description,
        "discount_amount": 0,
        "discount_amounts": [],
        "invoice_line_item": source,
        "livemode": False,
        "metadata": {},
        "pretax_credit_amounts": [],
        "quantity": 1,
        "tax_rates": [],
        "taxes": [],
        "type": "invoice_line_item" if source else "custom_line_item",
        "unit_amount": None if source else amount,
        "unit_amount_decimal": None if source else str(amount),
    }


def _note(world: World, invoice: Object, lines: list[Object], amount: int, params: Params) -> Object:
    id = world.ids.new("cn")
    number = len(list(world.store.children("credit_note", "invoice", invoice["id"]))) + 1
    return {
        "id": id,
        "object": "credit_note",
        "amount": amount,
        "amount_shipping": 0,
        "created": world.time_of(invoice),
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "customer_account": None,
        "customer_balance_transaction": None,
        "discount_amount": 0,
        "discount_amounts": [],
        "effective_at": world.time_of(invoice),
        "invoice": invoice["id"],
        "lines": list_of(lines, f"/v1/credit_notes/{id}/lines"),
        "livemode": False,
        "memo": params.get("memo"),
        "metadata": metadata_of({}, params),
        "number": f"{invoice['number']}-CN-{number:02}",
        "out_of_band_amount": None,
        "pdf": f"{world.links}/credit_notes/{id}/pdf",
        "pretax_credit_amounts": [],
        "reason": params.get("reason"),
        "refunds": [],
        "shipping_cost": None,
        "status": "issued",
        "subtotal": amount,
        "subtotal_excluding_tax": amount,
        "total": amount,
        "total_excluding_tax": amount,
        "total_taxes": [],
        "voided_at": None,
        "_clock": invoice["test_clock"],
    }


@route("GET /v1/credit_notes")
def list_all(world: World, params: Params) -> Object:
    return listing(world, "credit_note", params, "/v1/credit_notes", "customer", "invoice")


@route("GET /v1/credit_notes/{id}")
def retrieve(world: World, _params: Params, id: str) -> Object:
    return world.get("credit_note", id)


@route("GET /v1/credit_notes/{credit_note}/lines")
def list_lines(world: World, params: Params, id: str) -> Object:
    held = world.get("credit_note", id)["lines"]["data"]
    return page_of(held, params, f"/v1/credit_notes/{id}/lines", newest_first=False)


@route("POST /v1/credit_notes/{id}")
def update(world: World, params: Params, id: str) -> Object:
    held = world.get("credit_note", id)
    return world.change(held, "credit_note.updated", **patched(held, params, "memo"))


@route("POST /v1/credit_notes/{id}/void")
def void(world: World, _params: Params, id: str) -> Object:
    """Only while the invoice is open: what was paid back cannot be taken back."""
    held = world.get("credit_note", id)
    invoice = world.get("invoice", held["invoice"])
    if held["type"] != "pre_payment" or invoice["status"] != "open" or held["status"] == "void":
        raise invalid("You can only void issued credit notes of open invoices.")
    due = invoice["amount_due"] + held["amount"]
    less = invoice["pre_payment_credit_notes_amount"] - held["amount"]
    world.change(invoice, "invoice.updated", amount_due=due, amount_remaining=due, pre_payment_credit_notes_amount=less)
    held = world.change(held, None, status="void", voided_at=world.time_of(held))
    world.tell("credit_note.voided", held)
    return held
