"""Deliveries are what Stripe would send: signed, each another event; and what was acknowledged must have been kept."""

from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from bench.deliveries import check_kept
from bench.events import delivery, write_deliveries
from bench.faults import RunFailed
from tests.clock import FixedClock
from webhooks.signature import is_signed

NOW = FixedClock().now()


def test_a_delivery_is_a_signed_paid_invoice_of_an_ordinary_size() -> None:
    headers, body = delivery(7, "whsec_x", NOW)
    assert is_signed(body, headers["Stripe-Signature"].encode(), [b"whsec_x"], NOW)
    assert orjson.loads(body)["type"] == "invoice.paid"
    assert 1600 <= len(body) <= 1900


def test_no_two_deliveries_are_the_same_event_in_one_file_or_two() -> None:
    times = (NOW, NOW + timedelta(milliseconds=1))
    ids = [orjson.loads(delivery(number, "whsec_x", at)[1])["id"] for number in range(100) for at in times]
    assert len(set(ids)) == 200


def test_the_file_holds_whole_requests_each_with_its_length(tmp_path: Path) -> None:
    path = tmp_path / "deliveries"
    write_deliveries(path, to="/webhooks/stripe", count=3, secret="whsec_x", at=NOW)
    rest, found = path.read_bytes(), 0
    while rest:
        length, _, rest = rest.partition(b"\n")
        request, rest = rest[: int(length)], rest[int(length) :]
        head, _, body = request.partition(b"\r\n\r\n")
        assert head.startswith(b"POST /webhooks/stripe HTTP/1.1\r\n")
        assert b"Content-Length: %d\r\n" % len(body) in head
        assert orjson.loads(body)["object"] == "event"
        found += 1
    assert found == 3


@pytest.mark.parametrize("kept", [100, 116])
def test_an_event_under_way_at_the_end_may_be_kept_without_being_acknowledged(kept: int) -> None:
    check_kept("it", acknowledged=100, kept=kept, connections=16)


@pytest.mark.parametrize("kept", [99, 117])
def test_other_events_kept_than_acknowledged_fail_the_run(kept: int) -> None:
    with pytest.raises(RunFailed, match=f"it acknowledged 100 events and kept {kept}"):
        check_kept("it", acknowledged=100, kept=kept, connections=16)
