"""Stripe's events as whole HTTP requests: each another paid invoice of about 1.75 KB, signed as Stripe signs."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

import orjson

from webhooks.signature import signed_header

CUSTOMERS = 1000
_LINES = 9


def write_deliveries(path: Path, *, to: str, count: int, secret: str, at: datetime) -> None:
    """Fills `path` for `wrk.lua`: before each request its length in bytes on a line. `to` is the address's path.

    Events of another `at` are other events. The signatures hold for five minutes from `at`.
    """
    with path.open("wb") as file:
        for number in range(count):
            request = _request(to, *delivery(number, secret, at))
            file.write(b"%d\n%b" % (len(request), request))


def delivery(number: int, secret: str, at: datetime) -> tuple[dict[str, str], bytes]:
    """Headers and body."""
    body = _event(f"{at.timestamp():.6f}_{number}".replace(".", "_"), number % CUSTOMERS, at)
    signature = signed_header(body, [secret.encode()], at).decode()
    return {"Content-Type": "application/json", "Stripe-Signature": signature}, body


def _request(to: str, headers: Mapping[str, str], body: bytes) -> bytes:
    every = {"Host": "localhost", "Content-Length": str(len(body)), **headers}
    lines = (f"POST {to} HTTP/1.1", *(f"{name}: {value}" for name, value in every.items()), "", "")
    return "\r\n".join(lines).encode() + body


def _event(name: str, customer: int, at: datetime) -> bytes:
    seconds = int(at.timestamp())
    invoice = {
        "id": f"in_bench_{name}",
        "object": "invoice",
        "customer": f"cus_bench_{customer}",
        "status": "paid",
        "parent": {"subscription_details": {"subscription": f"sub_bench_{customer}"}},
        "lines": {"object": "list", "data": list(_lines(seconds))},
    }
    return orjson.dumps(
        {
            "id": f"evt_bench_{name}",
            "object": "event",
            "api_version": "2026-10-28.endive",
            "type": "invoice.paid",
            "created": seconds,
            "livemode": False,
            "data": {"object": invoice},
        }
    )


def _lines(seconds: int) -> Iterator[dict[str, object]]:
    for number in range(_LINES):
        period = {"start": seconds, "end": seconds}
        line = {"id": f"il_{number}", "object": "line_item", "amount": number * 100, "currency": "eur"}
        yield {**line, "description": "One month of membership, renewed", "period": period}
