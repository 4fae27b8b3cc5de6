"""The demo's past on the twin: what is sold is there, one member pays, one has lapsed."""

from pathlib import Path

from billing.catalogue import load_catalogue
from cli.past import PAST, prepare_twin
from twin.account import START, Twin

CATALOGUE = load_catalogue(Path("catalogue.yaml"))
NOW = START + PAST.total_seconds()


async def test_a_new_twin_lives_until_now() -> None:
    twin = Twin(now=START)
    await prepare_twin(twin, CATALOGUE, "member_id", NOW)
    assert twin.now == NOW
    statuses = {each["metadata"]["member_id"]: each["status"] for each in twin.objects("subscription")}
    assert statuses == {"mem_demopro": "active", "mem_demolapsed": "canceled"}
    paid = [each["amount_paid"] for each in twin.objects("invoice") if each["status"] == "paid"]
    assert sorted(paid) == [0, 0, 1900, 1900, 1900], "a trial and a month for each, and one renewal"


async def test_it_is_prepared_once_however_often_it_is_started() -> None:
    twin = Twin(now=START)
    await prepare_twin(twin, CATALOGUE, "member_id", NOW)
    made = len(twin.log)
    await prepare_twin(twin, CATALOGUE, "member_id", NOW + 60)
    assert len(twin.log) == made
