"""Find where what is held here differs from what Stripe says, mend it, and report each difference.

Looks at every event of the last 30 days, every subscription and every cached entitlement. Workers do the same by
themselves each night; what each run found is kept, and operators read it over GraphQL as `reconciliations`. May be
repeated and interrupted at any time. Exit code 1 says that something differed.
"""

import argparse
import asyncio
import os

from app import build_tools
from billing.reconcile import reconcile
from billing.reconciliations import Drift, claim_reconciliation, request_reconciliation
from cli.announced import clock_of
from cli.parts import complete_settings
from cli.progress import Progress
from errors import NotConfigured, Unavailable
from settings import Settings, load_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def main(_arguments: argparse.Namespace) -> int:
    progress = Progress()
    with complete_settings(load_settings(os.environ), progress) as settings:
        progress("comparing with Stripe")
        drifts = asyncio.run(_reconcile(settings))
        progress.done()
    for drift in drifts:
        where = " ".join(each for each in (drift.customer_id, drift.member_id) if each)
        print(f"{drift.kind:8} {where}: {drift.detail}")
    print(f"{len(drifts)} differences, all mended." if drifts else "Nothing differs.")
    return 1 if drifts else 0


async def _reconcile(settings: Settings) -> list[Drift]:
    tools = build_tools(settings, clock=clock_of(settings))
    try:
        if tools.reconciling is None:
            raise NotConfigured(
                "GATEHOUSE_STRIPE_API_KEY: needed to ask Stripe; set it to its secret key, sk_… or rk_…"
            )
        async with tools.parts.database.transaction() as connection:
            asked = await request_reconciliation(connection, tools.parts.clock.now())
            id = await claim_reconciliation(connection, asked)
        if id is None:
            raise Unavailable("Another process reconciles right now: wait for it, or read what it finds.")
        drifts: list[Drift] = []
        await reconcile(id, tools.reconciling, drifts.append)
        return drifts
    finally:
        await tools.parts.close()
