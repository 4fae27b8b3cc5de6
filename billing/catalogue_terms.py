"""Reading the terms of the catalogue file: trials and coupons."""

from collections.abc import Collection

from yaml.nodes import MappingNode, Node

from billing.catalogue_prices import read_amounts
from billing.model import Coupon, CouponDuration, Trial, TrialEnd
from billing.yaml_nodes import Document, Fields, read_fields, read_text

TRIAL = ("days", "card", "ends")
CARD = ("required", "optional")
LONGEST_TRIAL_DAYS = 730
COUPON = ("name", "percent_off", "amounts_off", "duration", "months", "plans", "codes")


def read_trial(fields: Fields) -> Trial | None:
    """`trial: {days: 14, card: optional, ends: free}`."""
    if "trial" not in fields.nodes:
        return None
    node = fields.nodes["trial"]
    inner = read_fields(fields.document, node, f"{fields.what}.trial", TRIAL, ("days", "card"))
    trial = Trial(
        inner.number("days"),
        inner.choice("card", CARD) == "required",
        TrialEnd(inner.choice("ends", TrialEnd) or TrialEnd.CANCEL),
    )
    if "days" in inner.nodes and not 1 <= trial.days <= LONGEST_TRIAL_DAYS:
        remedy = f"give 1 to {LONGEST_TRIAL_DAYS}, or leave `trial` out"
        fields.document.wrong(inner.nodes["days"], f"{inner.what} cannot last {trial.days} days", remedy)
    if isinstance(node, MappingNode) and trial.card == ("ends" in inner.nodes):
        remedy = "leave it out: a card is charged" if trial.card else "add `ends: cancel`, pause, invoice or free"
        fields.document.wrong(node, f"{inner.what}.ends says what becomes of who has not paid", remedy)
    return trial


def read_coupons(fields: Fields, plans: Collection[str]) -> tuple[Coupon, ...]:
    """`launch: {name: Launch, percent_off: 20, duration: repeating, months: 3, plans: [pro], codes: [LAUNCH20]}`."""
    return tuple(
        _coupon(fields.document, key, key_node, value, plans)
        for key, (key_node, value) in fields.entries("coupons").items()
    )


def _coupon(document: Document, key: str, key_node: Node, node: Node, plans: Collection[str]) -> Coupon:
    what = f"coupons.{key}"
    document.take(key_node, f"coupon {key}")
    inner = read_fields(document, node, what, COUPON, ("name", "duration"))
    duration = CouponDuration(inner.choice("duration", CouponDuration) or CouponDuration.ONCE)
    if isinstance(node, MappingNode):
        if len(inner.nodes.keys() & {"percent_off", "amounts_off"}) != 1:
            document.wrong(node, f"{what} needs either `percent_off` or `amounts_off`", "write one of them")
        if (duration is CouponDuration.REPEATING) != ("months" in inner.nodes):
            document.wrong(
                node, f"{what}.months is how long a repeating coupon lasts", "give it with `repeating` alone"
            )
    percent = inner.number("percent_off") if "percent_off" in inner.nodes else None
    if percent is not None and not 1 <= percent <= 100:
        document.wrong(inner.nodes["percent_off"], f"{what}.percent_off cannot be {percent}", "give 1 to 100")
    return Coupon(
        key,
        inner.text("name"),
        duration,
        percent,
        read_amounts(inner, "amounts_off"),
        inner.number("months") if "months" in inner.nodes else None,
        inner.choices("plans", plans),
        tuple(_code(document, item, what) for item in inner.items("codes")),
    )


def _code(document: Document, node: Node, what: str) -> str:
    word = read_text(document, node, f"{what}.codes")
    if word and not (word.isascii() and word.isalnum() and word.isupper() and len(word) <= 50):
        document.wrong(node, f"{what}.codes cannot be `{word}`", "use upper-case letters and digits, at most 50")
    document.take(node, word)
    return word
