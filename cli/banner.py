"""What a developer needs once everything runs: where to go, and a token for each sort of caller."""

from collections.abc import Iterator

from cli.parts import service_database
from cli.seed import DEMO_MEMBERS
from cli.token import mint_token
from identity.members import find_members
from identity.model import Kind, Principal
from identity.scopes import SCOPES
from settings import Settings


async def print_banner(settings: Settings, twin: str | None) -> None:
    """In development with tokens, valid for a day; in production one line. `twin` is where Stripe's serves, if any."""
    address = address_of(settings)
    if not settings.development:
        print(f"Gatehouse serves on {address}", flush=True)
        return
    print("\n".join(("", *_places(address, twin), "", *await _tokens(settings), "", *_trial(address))), flush=True)


def address_of(settings: Settings) -> str:
    """Where a browser on this machine finds it."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104 - compared, not bound
    return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{settings.port}"


def _places(address: str, twin: str | None) -> Iterator[str]:
    yield f"Gatehouse serves on {address} (Ctrl-C stops it)"
    yield ""
    yield f"  GraphiQL, the caller's schema   {address}/graphql"
    yield f"  GraphiQL, the members' schema   {address}/spa/graphql"
    yield f"  Health and metrics              {address}/readyz  {address}/metrics"
    if twin:
        yield f"  Stripe, an offline twin of it   {twin}  (test cards, no money; move its clock there)"


async def _tokens(settings: Settings) -> list[str]:
    lines = ["Tokens, good for a day; send one as the header  Authorization: Bearer …"]
    for label, principal in await _callers(settings):
        lines += ["", f"  {label} ({principal.subject})", f"  {mint_token(settings, principal)}"]
    return lines


async def _callers(settings: Settings) -> list[tuple[str, Principal]]:
    """The demo members that exist, an operator and an integrator with every scope."""
    async with service_database(settings) as database:
        present = await find_members(database, [member.id for member in DEMO_MEMBERS])
    members = [(f"{m.label} member", Principal(Kind.MEMBER, m.id)) for m in DEMO_MEMBERS if m.id in present]
    return [
        *members,
        ("operator", Principal(Kind.OPERATOR, "demo-operator", frozenset(SCOPES))),
        ("integrator", Principal(Kind.INTEGRATOR, "demo-integrator", frozenset(SCOPES))),
    ]


def _trial(address: str) -> Iterator[str]:
    yield "Try, with the pro member's token and with the lapsed one's:"
    yield f"  curl {address}/graphql -H 'Authorization: Bearer …' -H 'Content-Type: application/json' \\"
    yield """       -d '{"query": "{ articles(first: 1) { edges { node { title body access { granted } } } } }"}'"""
