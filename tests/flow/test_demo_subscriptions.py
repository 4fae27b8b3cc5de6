"""The demo's subscriptions come about by the same sync as any other."""

from datetime import timedelta
from pathlib import Path

import pytest

from billing.access import plan_of
from billing.catalogue import load_catalogue
from billing.demo import seed_subscription
from billing.subscriptions import find_subscription_of, list_subscriptions
from gating.postgres import PostgresSnapshots
from storage.database import Database
from tests.clock import FixedClock


async def test_a_demo_member_holds_its_plan_and_a_lapsed_one_nothing(database: Database, clock: FixedClock) -> None:
    catalogue = load_catalogue(Path("catalogue.yaml"))
    for _again in range(2):
        await seed_subscription(database, catalogue, "mem_pro", "pro", lapsed=False, now=clock.now())
        await seed_subscription(database, catalogue, "mem_lapsed", "pro", lapsed=True, now=clock.now())
    pro = await PostgresSnapshots(database).get_snapshot("mem_pro")
    lapsed = await PostgresSnapshots(database).get_snapshot("mem_lapsed")
    assert pro.features_at(clock.now() + timedelta(days=365)) == {
        "content_premium",
        "downloads",
        "analytics",
        "archive",
    }
    assert pro.revision == 1
    assert lapsed.grants == ()
    ended = await find_subscription_of(database, "mem_lapsed")
    assert ended is not None
    assert ended.status == "canceled"
    assert plan_of(ended, catalogue) == catalogue.find_plan("pro")
    assert len(await list_subscriptions(database, limit=10)) == 2


async def test_only_plans_on_sale_can_be_seeded(database: Database, clock: FixedClock) -> None:
    catalogue = load_catalogue(Path("catalogue.yaml"))
    with pytest.raises(LookupError, match="platinum"):
        await seed_subscription(database, catalogue, "mem_x", "platinum", lapsed=False, now=clock.now())
