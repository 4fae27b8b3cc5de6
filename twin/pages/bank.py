"""The bank's 3-D Secure page, and an invoice's: where `next_action` and `hosted_invoice_url` lead."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from twin.billing.collection import collect
from twin.core.errors import ApiError
from twin.core.store import Object
from twin.pages.html import behavior_named, card_choice, failure, form, money, page, state, table, typed_in
from twin.payments.cards import new_method
from twin.payments.setups import attach_method
from twin.web import Web


def routes(web: Web) -> list[Route]:
    async def authenticate(request: Request) -> Response:
        web.catch_up()
        intent = web.twin.world.store.objects.get(request.path_params["id"])
        if intent is None or intent["object"] not in ("payment_intent", "setup_intent"):
            return page("Nothing to authenticate", status=404)
        if intent["status"] != "requires_action":
            return page(f"This payment is {intent['status']}")
        if request.method == "GET":
            yes, no = (
                form("Complete", hidden=[("passes", "yes")], id="complete"),
                form("Fail", hidden=[("passes", "no")], id="fail"),
            )
            return page("3-D Secure", "<p>Your bank asks: is this yours?</p>", yes, no)
        passes = (await typed_in(request)).get("passes") == "yes"
        after = web.twin.authenticate(intent["id"], passes=passes)
        back = intent["_return_url"]
        return RedirectResponse(back, 303) if back else page(f"Your payment: {after['status']}")

    async def invoice(request: Request) -> Response:
        web.catch_up()
        held = web.twin.world.store.find("invoice", request.path_params["id"])
        if held is None:
            return page("No such invoice", status=404)
        if request.method == "GET" or held["status"] != "open":
            return _invoice(held)
        return _pay(web, held, (await typed_in(request)).get("card", ""))

    return [
        Route("/authenticate/{id}", authenticate, methods=["GET", "POST"]),
        Route("/invoices/{id}", invoice, methods=["GET", "POST"]),
    ]


def _invoice(held: Object, problem: str | None = None) -> Response:
    rows = [[line["description"] or "", money(line["amount"], line["currency"])] for line in held["lines"]["data"]]
    rows.append(["Total", money(held["total"], held["currency"])])
    pay = form("Pay", card_choice(), id="pay") if held["status"] == "open" else ""
    parts = [failure(problem)] if problem else []
    return page(
        f"Invoice {held['number']}",
        *parts,
        state(held["status"]),
        table(rows[:-1], rows[-1]),
        pay,
        status=402 if problem else 200,
    )


def _pay(web: Web, held: Object, number: str) -> Response:
    world, name = web.twin.world, behavior_named(number)
    if name is None:
        return _invoice(held, "Your card number is incorrect.")
    mark = world.store.mark()
    try:
        method = attach_method(world, world.create(new_method(world, name)), held["customer"])
    except ApiError as fault:
        world.store.roll_back(mark)
        return _invoice(held, fault.message)
    after = collect(world, held, method, automatic=False)
    intent = world.store.objects[after["_intent"]]
    web.twin.settle()
    if intent["status"] == "requires_action":
        return RedirectResponse(intent["next_action"]["redirect_to_url"]["url"], 303)
    refused = intent["last_payment_error"] if after["status"] == "open" else None
    return _invoice(after, refused and refused["message"])
