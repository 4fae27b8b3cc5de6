"""Gatehouse: self-hosted memberships behind a gated GraphQL schema.

Settings come from GATEHOUSE_… variables and an optional TOML file named by GATEHOUSE_SETTINGS; `gatehouse doctor`
says what is wrong with them. Without GATEHOUSE_DATABASE_URL and GATEHOUSE_REDIS_URL, every command works on an
embedded PostgreSQL and Valkey with their data under GATEHOUSE_DATA_DIR (.gatehouse).
"""

import argparse
import importlib
import sys

from errors import GatehouseError

COMMANDS = {
    "run": "serve; in development also the worker, embedded servers and demo data",
    "worker": "process webhooks and publish entitlements, without serving",
    "migrate": "bring the database's tables up to date, as their owner",
    "seed": "put the demo members, content and subscriptions into the database",
    "token": "mint a bearer token for a member, an operator or an integrator",
    "override": "set by hand what a member or an organisation holds, or take that back",
    "organization": "make organisations, let members join with or without a seat, and leave",
    "experiment": "try another free boundary on some members, end that, or list what is tried",
    "catalog": "plan or apply: what the catalogue file changes, at Stripe and for members",
    "events": "list, show and replay Stripe's events, and what could not be done with them",
    "reconcile": "find and mend what differs from Stripe",
    "twin": "an offline Stripe for demo and tests: stateful, with test clocks and webhooks",
    "schema": "write the GraphQL SDL of each audience",
    "doctor": "say in words what is wrong with the set-up",
}


def main() -> int:
    """The console script. Exit codes: 0 done, 1 failed and says why, 2 wrong arguments, 130 interrupted."""
    top = argparse.ArgumentParser(
        prog="gatehouse",
        description=__doc__,
        epilog="\n".join(("commands:", *(f"  {name:13}{line}" for name, line in COMMANDS.items()))),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("command", choices=COMMANDS, metavar="command", help="one of those below; each takes --help")
    name: str = top.parse_args(sys.argv[1:2]).command
    # The one import by name: `gatehouse token` should not wait for the GraphQL schema to be built.
    module = importlib.import_module(f"cli.{name}")
    parser = argparse.ArgumentParser(
        prog=f"gatehouse {name}", description=module.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    module.add_arguments(parser)
    try:
        return module.main(parser.parse_args(sys.argv[2:]))
    except GatehouseError as fault:
        print(f"gatehouse {name}: {fault.message}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
