"""The twin's own front page: what time it is, who pays for what, and whether the webhooks arrive."""

from datetime import UTC, datetime
from html import escape

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from twin.billing.items import period_of
from twin.billing.lines import named
from twin.core.settings import DAY, HOUR
from twin.core.store import Object
from twin.core.world import World
from twin.pages.html import choice, form, page, state, table, typed_in
from twin.web import Web

STEPS = {"an hour": HOUR, "a day": DAY, "a week": 7 * DAY, "a month": 31 * DAY}
MOST = 20
"""Customers shown, the latest first."""


def routes(web: Web) -> list[Route]:
    async def show(request: Request) -> Response:
        web.catch_up()
        if request.method == "GET":
            return _showing(web)
        asked = await typed_in(request)
        if asked.get("step") in STEPS:
            web.advance(STEPS[asked["step"]])
        elif web.twin.world.store.find("customer", asked.get("customer", "")):
            session = web.twin.call(
                "POST /v1/billing_portal/sessions", customer=asked["customer"], return_url=_url(web)
            )
            return RedirectResponse(session["url"], 303)
        return RedirectResponse("/", 303)

    return [Route("/", show, methods=["GET", "POST"])]


def _url(web: Web) -> str:
    return f"{web.twin.world.links}/"


def _showing(web: Web) -> Response:
    world, now = web.twin.world, datetime.fromtimestamp(web.own_time(), UTC)
    ahead = f", {web.ahead / DAY:.1f} days ahead of this machine" if web.ahead else ""
    steps = choice("Let time pass", "step", ((name, name) for name in STEPS))
    every = [each for each in world.store.of_kind("customer") if not each.get("deleted")]
    return page(
        "Test account",
        f"<p>It is {now:%A, %d %B %Y, %H:%M} UTC{ahead}.</p>",
        form("Go on", steps, id="advance"),
        *(_customer(world, each) for each in reversed(every[-MOST:])),
        "" if every else "<section><p>There are no customers yet.</p></section>",
        _hooks(web),
        f'<p class="note">API: {escape(_url(web))}v1, with any key sk_test_… · chaos, state and log: /_twin/…</p>',
    )


def _customer(world: World, customer: Object) -> str:
    held = world.store.children("subscription", "customer", customer["id"])
    rows = "".join(f"<p>{_held(world, each)}</p>" for each in held) or "<p>Nothing bought yet.</p>"
    portal = form("Portal", hidden=[("customer", customer["id"])], id=f"portal_{customer['id']}")
    return f"<section><h2>{escape(customer['email'] or customer['id'])}</h2>{rows}{portal}</section>"


def _held(world: World, subscription: Object) -> str:
    names = ", ".join(named(world, item["price"]) for item in subscription["items"]["data"])
    end = datetime.fromtimestamp(subscription["ended_at"] or period_of(subscription)[1], UTC)
    word = "ended" if subscription["ended_at"] else "ends" if subscription["cancel_at_period_end"] else "renews"
    return f"{escape(names)} {state(subscription['status'])} {word} on {end:%d %B %Y}"


def _hooks(web: Web) -> str:
    post, every = web.twin.post, web.twin.objects("webhook_endpoint")
    taken = sum(status is not None and 200 <= status < 300 for _, status in post.done)
    counts = [
        ["delivered", str(taken)],
        ["refused or lost", str(len(post.done) - taken)],
        ["waiting", str(len(post.waiting))],
    ]
    where = "".join(f"<p>{escape(each['url'])}</p>" for each in every) or "<p>No endpoint is set.</p>"
    return f"<section><h2>Webhooks</h2>{where}{table(counts)}</section>"
