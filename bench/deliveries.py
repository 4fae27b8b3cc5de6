"""Load by deliveries of Stripe's events; what was acknowledged must have been kept."""

from pathlib import Path

from bench.cases import Row
from bench.events import write_deliveries
from bench.faults import RunFailed
from bench.ground import WEBHOOK_SECRET, Ground, ask
from bench.load import Sample, Shot, each_once, load
from bench.servers import Running
from clock import SystemClock

MOST_PER_SECOND = 20_000
"""More than any server here acknowledges: so many requests are written for each second."""

CLEAN = ("TRUNCATE stripe_event, stripe_unread, customer_sync, bench.webhook_event", "CHECKPOINT")
"""So that nobody pays for what another one left behind."""


def deliver(ground: Ground, one: Running, row: Row, expected: Path, seconds: int) -> Sample:
    """One sample. Raises RunFailed as `load` does, and when other events were kept than were acknowledged."""
    requests = ground.folder / "deliveries"
    count = seconds * MOST_PER_SECOND
    write_deliveries(requests, to=one.server.path, count=count, secret=WEBHOOK_SECRET, at=SystemClock().now())
    for statement in CLEAN:
        ask(ground.superuser_url, statement)
    shot = Shot(one.url, expected, each_once(requests), row.connections)
    sample = load(shot, seconds, server=one.process.pid, postgres=ground.postgres)
    kept = ask(ground.superuser_url, f"SELECT count(*) FROM {row.table}")
    check_kept(one.server.name, sample.requests, kept, row.connections)
    return sample


def check_kept(name: str, acknowledged: int, kept: int, connections: int) -> None:
    """Raises RunFailed. At the end of a sample each connection may have one delivery that nobody waits for any more."""
    if not acknowledged <= kept <= acknowledged + connections:
        raise RunFailed(f"{name} acknowledged {acknowledged} events and kept {kept}")
