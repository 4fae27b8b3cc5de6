"""Mint a bearer token, printed on standard output alone, to be sent as `Authorization: Bearer …`.

    gatehouse token --member mem_…                        what that member may see
    gatehouse token --operator ada --scope members:read   an operator, with scopes
    gatehouse token --integrator billing-sync             an integrator

In development tokens live for a day and are accepted by development servers alone; in production they live for five
minutes at most and are signed with GATEHOUSE_SIGNING_KEY_FILE.
"""

import argparse
import os
from datetime import timedelta

from cli.announced import clock_of
from errors import BadInput
from identity.keys import keys_for
from identity.model import Kind, Principal
from identity.scopes import SCOPES
from identity.tokens import LONGEST_DEVELOPMENT_LIFE, LONGEST_LIFE, mint
from settings import Settings, load_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    caller = parser.add_mutually_exclusive_group(required=True)
    for kind, metavar in ((Kind.MEMBER, "ID"), (Kind.OPERATOR, "NAME"), (Kind.INTEGRATOR, "NAME")):
        caller.add_argument(f"--{kind}", metavar=metavar, help=f"speak for this {kind}")
    parser.add_argument(
        "--scope",
        action="append",
        default=[],
        choices=SCOPES,
        metavar="SCOPE",
        help="; ".join(("what the token may do, repeated for more", *(f"{key}: {may}" for key, may in SCOPES.items()))),
    )
    parser.add_argument(
        "--role", action="append", default=[], help="what the member is in its organisation, for policies; repeatable"
    )
    parser.add_argument("--seconds", type=int, help="how long it lives; the longest allowed when not given")


def main(arguments: argparse.Namespace) -> int:
    settings = load_settings(os.environ)
    kind = next(kind for kind in (Kind.MEMBER, Kind.OPERATOR, Kind.INTEGRATOR) if getattr(arguments, kind) is not None)
    principal = Principal(kind, getattr(arguments, kind), frozenset(arguments.scope), roles=frozenset(arguments.role))
    print(mint_token(settings, principal, arguments.seconds))
    return 0


def mint_token(settings: Settings, principal: Principal, seconds: int | None = None) -> str:
    """A token that servers with the same settings accept. Raises BadInput when it is to live too long."""
    longest = LONGEST_DEVELOPMENT_LIFE if settings.development else LONGEST_LIFE
    life = longest if seconds is None else timedelta(seconds=seconds)
    if not timedelta(0) < life <= longest:
        raise BadInput(f"--seconds: must be from 1 to {longest.total_seconds():.0f} in {settings.environment}.")
    return mint(
        principal,
        keys_for(settings.signing_key_file, settings.data_dir).signing,
        life,
        issuer=settings.token_issuer,
        now=clock_of(settings).now(),
        development=settings.development,
    )
