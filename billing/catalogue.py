"""Reading the catalogue file: one YAML file into one `Catalogue`, or every mistake with its line and remedy."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from yaml.nodes import MappingNode, Node

from billing.catalogue_access import read_access
from billing.catalogue_edge import read_edge
from billing.catalogue_policies import read_policies
from billing.catalogue_prices import Keys, check_bundles, read_price
from billing.catalogue_terms import read_coupons, read_trial
from billing.model import Catalogue, Feature, Level, Limit, Plan, PlanLevel, PlanLimit, TaxBehavior, TrialEnd
from billing.yaml_nodes import (
    Document,
    Fields,
    compose,
    is_word,
    nearest,
    read_choice,
    read_fields,
    read_number,
    read_text,
)
from errors import NotConfigured
from storage.wall import FEATURE_KEY

ROOT = (
    "features",
    "limits",
    "quotas",
    "levels",
    "default_plan",
    "plans",
    "add_ons",
    "coupons",
    "tax",
    "access",
    "edge",
    "policies",
)
CONTENT = ("version", "features", "limits", "levels", "prices", "products")
PLAN = ("name", "description", "rank", "replaces", "earlier", "trial", "tax_code", *CONTENT)
UNLIMITED = "unlimited"


def load_catalogue(path: Path) -> Catalogue:
    """The catalogue in the file at `path`. Raises NotConfigured with every problem as file:line and its remedy."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as fault:
        remedy = "set GATEHOUSE_CATALOG to the catalogue file"
        raise NotConfigured(f"{path}: the catalogue cannot be read ({fault.strerror}): {remedy}") from None
    except UnicodeDecodeError:
        raise NotConfigured(f"{path}:1: the catalogue is not UTF-8 text: save it as UTF-8") from None
    return parse_catalogue(str(path), text)


def parse_catalogue(name: str, text: str) -> Catalogue:
    """The catalogue that `text` says; `name` stands for the file in messages. Raises NotConfigured."""
    document, root = compose(name, text)
    fields = read_fields(document, root, "", ROOT, ("features", "plans", "access"))
    features, limits, levels = _labels(fields, "features"), _limits(fields), _levels(fields)
    keys = Keys(features.keys(), limits, levels)
    plans = _plans(fields, "plans", keys)
    add_ons = _plans(fields, "add_ons", keys)
    default_key = fields.choice("default_plan", [plan.key for plan in plans])
    tax = fields.choice("tax", TaxBehavior)
    _check_free_trials(fields, plans, default_key)
    coupons = read_coupons(fields, {plan.key for plan in (*plans, *add_ons)})
    access = read_access(document, fields.nodes.get("access"), features)
    edge = read_edge(document, fields.nodes.get("edge"), keys.features)
    policies = read_policies(fields, keys.features)
    document.raise_problems()
    return Catalogue(
        features={key: Feature(key, label) for key, label in features.items()},
        limits=limits,
        plans=plans,
        add_ons=add_ons,
        default_plan=next((plan for plan in plans if plan.key == default_key), None),
        access=access,
        levels=levels,
        coupons=coupons,
        tax=TaxBehavior(tax or TaxBehavior.EXCLUSIVE),
        edge=edge,
        policies=policies,
    )


def _labels(fields: Fields, name: str) -> Mapping[str, str]:
    labels: dict[str, str] = {}
    for key, (key_node, value) in fields.entries(name).items():
        _check_key(fields.document, key_node, key)
        labels[key] = read_text(fields.document, value, f"the name of `{key}`")
    return labels


def _limits(fields: Fields) -> Mapping[str, Limit]:
    """Limits, and quotas, which are limits by the month."""
    caps, quotas = _labels(fields, "limits"), _labels(fields, "quotas")
    for key, (node, _) in fields.entries("quotas").items():
        if key in caps:
            fields.document.wrong(node, f"`{key}` is a limit already", "keep it in one of the two")
    limits = {key: Limit(key, label) for key, label in caps.items()}
    return limits | {key: Limit(key, label, metered=True) for key, label in quotas.items()}


def _levels(fields: Fields) -> Mapping[str, Level]:
    """`support_level: {name: Support, scale: [community, priority]}`."""
    levels: dict[str, Level] = {}
    for key, (key_node, value) in fields.entries("levels").items():
        _check_key(fields.document, key_node, key)
        inner = read_fields(fields.document, value, f"levels.{key}", ("name", "scale"), ("name", "scale"))
        scale = inner.texts("scale")
        if "scale" in inner.nodes and not scale:
            fields.document.wrong(value, f"levels.{key}.scale has no words", "list them, the lowest first")
        levels[key] = Level(key, inner.text("name"), scale)
    return levels


def _check_key(document: Document, node: Node, key: str) -> None:
    if not FEATURE_KEY.fullmatch(key):
        document.wrong(node, f"`{key}` cannot be a key", "begin with a lower-case letter; then letters, digits and _")


def _plans(fields: Fields, room: str, keys: Keys) -> tuple[Plan, ...]:
    """The plans of one room, by rank; plans have a rank each, add-ons need none."""
    plans: list[Plan] = []
    ranks: dict[int, str] = {}
    for key, (key_node, value) in fields.entries(room).items():
        _check_key(fields.document, key_node, key)
        fields.document.take(key_node, f"plan {key}")
        plan = _plan(fields.document, key, value, keys, add_on=room == "add_ons")
        if plan.rank in ranks and not plan.add_on:
            remedy = "give each plan a rank of its own"
            fields.document.wrong(key_node, f"`{key}` has the same rank as `{ranks[plan.rank]}`", remedy)
        ranks[plan.rank] = key
        plans.append(plan)
    return tuple(sorted(plans, key=lambda plan: (plan.rank, plan.key)))


def _plan(document: Document, key: str, node: Node, keys: Keys, *, add_on: bool) -> Plan:
    fields = read_fields(document, node, key, PLAN, ("name",) if add_on else ("name", "rank"))
    plan = _content(fields, Plan(key, "", "", 0, frozenset(), add_on=add_on), keys)
    earlier = [read_fields(document, item, f"{key}.earlier", CONTENT, ("version",)) for item in fields.items("earlier")]
    named = replace(plan, name=fields.text("name"), description=fields.text("description"), rank=fields.number("rank"))
    whole = replace(
        named,
        replaces=frozenset(read_number(document, item, f"{key}.replaces") for item in fields.items("replaces")),
        earlier=tuple(_content(each, named, keys) for each in earlier),
        trial=read_trial(fields),
        tax_code=fields.text("tax_code") or None,
    )
    _check_versions(fields, whole)
    return whole


def _content(fields: Fields, plan: Plan, keys: Keys) -> Plan:
    """What a version is made of."""
    prices = {read_price(fields.document, item, f"{plan.key}.prices", keys): item for item in fields.items("prices")}
    check_bundles(fields.document, plan.key, prices)
    return replace(
        plan,
        version=fields.number("version") if "version" in fields.nodes else 1,
        features=fields.choices("features", keys.features),
        limits=_plan_limits(fields, keys.limits),
        levels=_plan_levels(fields, keys.levels),
        prices=tuple(prices),
        products=fields.taken_texts("products"),
    )


def _check_free_trials(fields: Fields, plans: Collection[Plan], default_key: str) -> None:
    """What a trial is to end in must be there to subscribe to."""
    default = next((plan for plan in plans if plan.key == default_key), None)
    there = default is not None and any(price.is_free for price in default.offered_prices)
    for plan in plans:
        if plan.trial and plan.trial.ends is TrialEnd.FREE and not there:
            remedy = "name a `default_plan` that has a price of 0 by the month, or let the trial end otherwise"
            node = fields.entries("plans")[plan.key][0]
            fields.document.wrong(node, f"{plan.key}.trial.ends cannot be `free` without a free plan", remedy)


def _check_versions(fields: Fields, plan: Plan) -> None:
    """Each version stands once, and none comes after the present one."""
    nodes = dict(zip(plan.earlier, fields.items("earlier"), strict=True)) if plan.earlier else {}
    seen = {plan.version}
    for each, node in nodes.items():
        if each.version in seen or each.version > plan.version or each.version in plan.replaces:
            remedy = f"number it below {plan.version}, once, and leave it out of `replaces`"
            fields.document.wrong(node, f"{plan.key}.earlier cannot have version {each.version} here", remedy)
        seen.add(each.version)
    for version in sorted(each for each in plan.replaces if each >= plan.version):
        remedy = f"name versions below {plan.version}"
        fields.document.wrong(fields.nodes["replaces"], f"{plan.key}.replaces cannot be {version}", remedy)


def _plan_limits(fields: Fields, known: Collection[str]) -> tuple[PlanLimit, ...]:
    """`seats: 5`, `seats: unlimited`, or `seats: {per_quantity: 1}` for so many for each unit bought."""
    limits: list[PlanLimit] = []
    for key, (key_node, value) in fields.entries("limits").items():
        what = f"{fields.what}.limits.{key}"
        if key not in known:
            fields.document.wrong(key_node, f"`{key}` is not among the limits", nearest(key, known))
        if isinstance(value, MappingNode):
            inner = read_fields(fields.document, value, what, ("per_quantity",), ("per_quantity",))
            limits.append(PlanLimit(key, inner.number("per_quantity"), per_quantity=True))
        elif is_word(value, UNLIMITED):
            limits.append(PlanLimit(key, None))
        else:
            limits.append(PlanLimit(key, read_number(fields.document, value, what)))
    return tuple(sorted(limits, key=lambda limit: limit.limit))


def _plan_levels(fields: Fields, known: Mapping[str, Level]) -> tuple[PlanLevel, ...]:
    """`support_level: priority`."""
    levels: list[PlanLevel] = []
    for key, (key_node, value) in fields.entries("levels").items():
        what = f"{fields.what}.levels.{key}"
        if key not in known:
            fields.document.wrong(key_node, f"`{key}` is not among the levels", nearest(key, known))
        elif word := read_choice(fields.document, value, what, known[key].scale):
            levels.append(PlanLevel(key, word))
    return tuple(sorted(levels, key=lambda level: level.level))
