"""Reading the prices of the catalogue file: flat, by the seat, by tiers, by usage, once, and several in one."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from yaml.nodes import MappingNode, Node

from billing.model import Interval, Level, Limit, Money, Price, TaxBehavior, Tier, TierMode
from billing.yaml_nodes import Document, Fields, nearest, read_days, read_fields, read_number, read_text

PRICE = (
    "id",
    "lookup_key",
    "interval",
    "amounts",
    "tiers",
    "meter",
    "each",
    "tax",
    "with",
    "countries",
    "extra_features",
    "on_sale",
    "lasts_days",
)
STEP = ("up_to", "amounts", "flat")


@dataclass(frozen=True, slots=True)
class Keys:
    """What plans may refer to."""

    features: Collection[str]
    limits: Mapping[str, Limit]
    levels: Mapping[str, Level]

    @property
    def meters(self) -> list[str]:
        return [key for key, limit in self.limits.items() if limit.metered]


def read_price(document: Document, node: Node, what: str, keys: Keys) -> Price:
    fields = read_fields(document, node, what, PRICE, ("interval",))
    if isinstance(node, MappingNode):
        if not fields.nodes.keys() & {"id", "lookup_key"}:
            document.wrong(node, f"{what} has a price without a name", "add `lookup_key: …` or `id: price_…`")
        if len(fields.nodes.keys() & {"amounts", "tiers"}) != 1:
            document.wrong(node, f"{what} needs either `amounts` or `tiers`", "write `amounts: {usd: 1900}`, or tiers")
    tiers, mode = _tiers(fields)
    price = Price(
        interval=Interval(fields.choice("interval", Interval) or Interval.MONTH),
        amounts=read_amounts(fields, "amounts"),
        price_id=fields.taken_text("id") or None,
        lookup_key=fields.taken_text("lookup_key") or None,
        extra_features=fields.choices("extra_features", keys.features),
        on_sale=fields.truth("on_sale", default=True),
        tiers=tiers,
        tier_mode=mode,
        meter=fields.choice("meter", keys.meters) or None,
        each=fields.number("each") if "each" in fields.nodes else 1,
        tax=TaxBehavior(tax) if (tax := fields.choice("tax", TaxBehavior)) else None,
        bundled=tuple(read_text(document, item, f"{what}.with") for item in fields.items("with")),
        countries=frozenset(read_country(document, item, f"{what}.countries") for item in fields.items("countries")),
        lasts_days=read_days(fields, "lasts_days"),
    )
    _check_usage(fields, price)
    if "lasts_days" in fields.nodes and price.interval is not Interval.ONCE:
        document.wrong(fields.nodes["lasts_days"], f"{what}.lasts_days is for what is paid once", "leave it out")
    return price


def _check_usage(fields: Fields, price: Price) -> None:
    wrong = fields.document.wrong
    if price.meter and price.interval is Interval.ONCE:
        wrong(fields.nodes["meter"], f"{fields.what} cannot be paid once and by usage", "choose month or year")
    if "each" in fields.nodes and (not price.meter or price.each < 1 or price.tiers):
        wrong(fields.nodes["each"], f"{fields.what}.each is for usage", "use it with `meter` and `amounts`, 1 or more")


def read_country(document: Document, node: Node, what: str) -> str:
    """ISO 3166-1 alpha-2, upper case; empty where it is no such word."""
    word = read_text(document, node, what)
    if word and not (len(word) == 2 and word.isascii() and word.isalpha() and word.isupper()):
        document.wrong(node, f"`{word}` is not a country", "use its two upper-case letters, such as DE")
        return ""
    return word


def read_amounts(fields: Fields, name: str) -> tuple[Money, ...]:
    """`{usd: 1900, eur: 1700}`, in the smallest unit."""
    amounts: list[Money] = []
    for currency, (key, value) in fields.entries(name).items():
        if not (len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.islower()):
            fields.document.wrong(
                key, f"`{currency}` is not a currency", "use its three lower-case letters, such as usd"
            )
        amounts.append(Money(currency, read_number(fields.document, value, f"{fields.what}.{name}.{currency}")))
    return tuple(sorted(amounts))


def _tiers(fields: Fields) -> tuple[tuple[Tier, ...], TierMode | None]:
    """`{mode: graduated, steps: [{up_to: 10, amounts: {usd: 500}}, {amounts: {usd: 400}, flat: {usd: 1000}}]}`."""
    if "tiers" not in fields.nodes:
        return (), None
    document, what = fields.document, f"{fields.what}.tiers"
    inner = read_fields(document, fields.nodes["tiers"], what, ("mode", "steps"), ("mode", "steps"))
    nodes = inner.items("steps")
    steps = [read_fields(document, node, f"{what}.steps", STEP, ("amounts",)) for node in nodes]
    tiers = tuple(
        Tier(
            step.number("up_to") if "up_to" in step.nodes else None,
            read_amounts(step, "amounts"),
            read_amounts(step, "flat"),
        )
        for step in steps
    )
    ends = [tier.up_to for tier in tiers]
    rising = [end for end in ends[:-1] if end is not None]
    if len(tiers) < 2 or ends[-1] is not None or len(rising) < len(ends) - 1 or rising != sorted({*rising} - {0}):
        remedy = "give each step but the last a higher `up_to` than the one before, and the last none"
        document.wrong(fields.nodes["tiers"], f"{what} do not cover every number once", remedy)
    if len({frozenset(money.currency for money in tier.amounts) for tier in tiers}) > 1:
        document.wrong(fields.nodes["tiers"], f"{what} differ in currencies", "give every step the same ones")
    return tiers, TierMode(inner.choice("mode", TierMode) or TierMode.GRADUATED)


def check_bundles(document: Document, plan: str, prices: Mapping[Price, Node]) -> None:
    """What comes with a price is another price of the same version, paid as often."""
    known = {price.lookup_key: price for price in prices if price.lookup_key}
    for price, node in prices.items():
        for key in price.bundled:
            other = known.get(key)
            if other is None or other is price:
                choices = [name for name in known if name != price.lookup_key]
                document.wrong(node, f"{plan}.prices.with cannot be `{key}`", nearest(key, choices))
            elif other.interval != price.interval and Interval.ONCE not in (price.interval, other.interval):
                remedy = "give both the same interval"
                document.wrong(node, f"{plan}.prices.with: `{key}` is paid at another interval", remedy)
