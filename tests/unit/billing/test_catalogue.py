"""The catalogue file: what it can say, and that every mistake is reported at once with line and remedy."""

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.catalogue import load_catalogue, parse_catalogue
from billing.model import (
    CouponDuration,
    DisputeEffect,
    Interval,
    Money,
    PauseEffect,
    PlanLimit,
    TaxBehavior,
    Tier,
    TierMode,
    Trial,
    TrialEnd,
)
from errors import NotConfigured
from gating.model import DenialCode, Denied, LimitGrant, Mode, Rule, Snapshot, Source

DEMO = Path("catalogue.yaml")
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def denial(*alternatives: set[str]) -> Denied:
    need = tuple(frozenset(every) for every in alternatives)
    return Denied(Rule("Article.body", Mode.LOCK, needs=(need,)), DenialCode.ENTITLEMENT_REQUIRED)


def test_the_demo_catalogue_has_three_plans_that_differ() -> None:
    catalogue = load_catalogue(DEMO)
    assert [plan.key for plan in catalogue.plans] == ["free", "pro", "enterprise"]
    free, pro, enterprise = (plan.features for plan in catalogue.plans)
    assert free == catalogue.free_features == frozenset()
    assert pro == {"content_premium", "downloads", "analytics", "archive"}
    assert enterprise == pro | {"api_access", "live_updates"} == catalogue.features.keys()
    monthly, annual = catalogue.plans[1].prices
    assert (monthly.interval, annual.interval) == (Interval.MONTH, Interval.YEAR)
    assert monthly.amounts == (Money("eur", 1900), Money("usd", 1900))
    assert catalogue.access.granting_statuses == {"trialing", "active", "past_due"}
    assert catalogue.access.paused_collection["void"] is PauseEffect.UNTIL_PERIOD_END
    assert catalogue.access.lost_dispute is DisputeEffect.SUSPEND_SUBSCRIPTION


def test_a_denial_names_the_plans_that_alone_lift_it_cheapest_first() -> None:
    catalogue = load_catalogue(DEMO)

    def offered(*alternatives: set[str]) -> list[str]:
        return [offer.plan for offer in catalogue.for_denial(denial(*alternatives))]

    assert offered({"content_premium"}) == ["pro", "enterprise"]
    assert offered({"content_premium", "api_access"}) == ["enterprise"]
    assert offered({"api_access"}, {"archive"}) == ["pro", "enterprise"]


def test_the_default_plan_is_what_everybody_holds_and_nobody_stores() -> None:
    catalogue = load_catalogue(DEMO)
    everybody = Snapshot("ann", 0).over(catalogue.baseline)
    assert everybody.features_at(NOW) == frozenset()
    assert everybody.limits_at(NOW) == {"api_calls": 100, "projects": 3}
    assert everybody.levels_at(NOW, catalogue.scales) == {"support_level": "community"}
    pro = catalogue.plans[1]
    bought = tuple(LimitGrant(each.limit, each.value, Source.SUBSCRIPTION, "sub_1") for each in pro.limits)
    assert Snapshot("ann", 1, (), bought).over(catalogue.baseline).limits_at(NOW) == {
        "api_calls": 1000,
        "downloads": 50,
        "projects": 50,
    }


def test_quotas_are_limits_by_the_month_and_none_is_no_limit() -> None:
    catalogue = load_catalogue(DEMO)
    assert {key for key, limit in catalogue.limits.items() if limit.metered} == {"downloads", "api_calls"}
    assert PlanLimit("projects", None) in catalogue.plans[2].limits
    assert catalogue.scales == {"support_level": ("community", "standard", "priority")}


def test_the_edge_knows_routes_by_feature_and_the_plans_that_have_it() -> None:
    catalogue = load_catalogue(DEMO)
    assert [(route.path, route.fresh) for route in catalogue.edge.routes] == [
        ("/archive/", False),
        ("/articles/", False),
        ("/downloads/", True),
    ]
    assert [catalogue.plans_with(feature) for feature in ("archive", "api_access")] == [
        ("pro", "enterprise"),
        ("enterprise",),
    ]


RICH = """
features: {reading: Reading, archive: Archive, seats_page: Seats page}
limits: {seats: Seats}
levels: {support: {name: Support, scale: [slow, fast]}}
plans:
  pro:
    name: Pro
    rank: 1
    features: [reading]
    levels: {support: fast}
    products: [prod_pro]
    prices:
      - {id: price_new, lookup_key: pro_monthly, interval: month, amounts: {usd: 2900}}
      - {id: price_old, interval: month, amounts: {usd: 1900}, extra_features: [archive], on_sale: false}
add_ons:
  seats:
    name: Seats
    features: [seats_page]
    limits: {seats: {per_quantity: 1}}
    prices: [{lookup_key: seats_monthly, interval: month, amounts: {usd: 500}}]
access:
  states:
    {trialing: full, active: full, past_due: none,
    unpaid: none, paused: none, incomplete: none, incomplete_expired: none, canceled: none}
  pause_collection: {keep_as_draft: keep, mark_uncollectible: none, void: until_period_end}
  refund: keep
  dispute: {open: suspend_all, open_statuses: [needs_response], lost: keep}
"""


def test_a_price_is_recognised_by_id_then_lookup_key_then_product() -> None:
    catalogue = parse_catalogue("c.yaml", RICH)

    def found(price_id: str, lookup_key: str | None, product_id: str) -> tuple[str, str | None] | None:
        sold = catalogue.find_sold(price_id=price_id, lookup_key=lookup_key, product_id=product_id)
        return sold and (sold.plan.key, sold.price and (sold.price.price_id or sold.price.lookup_key))

    assert found("price_old", "pro_monthly", "prod_pro") == ("pro", "price_old")
    assert found("price_eu", "pro_monthly", "prod_else") == ("pro", "price_new")
    assert found("price_eu", None, "prod_pro") == ("pro", None)
    assert found("price_x", "seats_monthly", "prod_seats") == ("seats", "seats_monthly")
    assert found("price_x", None, "prod_x") is None


def test_add_ons_grandfathered_prices_and_limits_per_unit_can_be_said() -> None:
    catalogue = parse_catalogue("c.yaml", RICH)
    (seats,) = catalogue.add_ons
    assert seats.add_on
    assert seats.limits == (PlanLimit("seats", 1, per_quantity=True),)
    old = catalogue.plans[0].prices[1]
    assert old.extra_features == {"archive"}
    assert not old.on_sale
    assert [offer.plan for offer in catalogue.for_denial(denial({"seats_page"}))] == ["seats"]
    assert catalogue.for_denial(denial({"archive"})) == (), "a grandfathered price is not on offer"


BROKEN = """\
features:
  reading: Reading
  reading: Again
  Bad Key: x
limit: {}
plans:
  pro:
    name: 12
    rank: one
    featurs: [reading]
    features: [raeding]
    prices:
      - {interval: mnth, amounts: {USD: 1.5}}
      - {lookup_key: a, interval: year, amounts: {usd: 1}}
  basic:
    name: Basic
    rank: 0
    features: [reading, reading]
    limits: {seats: 3}
    prices: [{lookup_key: a, interval: year, amounts: {usd: 1}}]
  plus: {name: Plus, rank: 0, limits: {calls: lots}, levels: {support: fats, suport: fast}}
quotas: {calls: Calls}
levels:
  support: {name: Support, scale: [slow, fast, slow]}
  mood: {name: Mood, scale: []}
default_plan: fre
access:
  states:
    {trialing: full, active: fill,
    unpaid: none, paused: none, incomplete: none, incomplete_expired: none, canceled: full}
  pause_collection: {void: until_period_end, keep_as_draft: keep}
  dispute: [open]
edge: {routes: [{path: articles, feature: reding}, {path: /x}]}
"""

COMPLAINTS = """\
c.yaml:3: `reading` is already on line 2: keep one of the two
c.yaml:4: `Bad Key` cannot be a key: begin with a lower-case letter; then letters, digits and _
c.yaml:5: the file has no `limit`: did you mean `limits`?
c.yaml:8: pro.name must be text: write a word, in "quotes" where YAML would read a number or yes/no
c.yaml:9: pro.rank must be a whole number, 0 or more: write digits only; amounts are in cents
c.yaml:10: pro has no `featurs`: did you mean `features`?
c.yaml:11: pro.features cannot be `raeding`: did you mean `reading`?
c.yaml:13: `USD` is not a currency: use its three lower-case letters, such as usd
c.yaml:13: pro.prices has a price without a name: add `lookup_key: …` or `id: price_…`
c.yaml:13: pro.prices.amounts.USD must be a whole number, 0 or more: write digits only; amounts are in cents
c.yaml:13: pro.prices.interval cannot be `mnth`: did you mean `month`?
c.yaml:15: `basic` has the same rank as `pro`: give each plan a rank of its own
c.yaml:18: `reading` is already in basic.features: keep one of the two
c.yaml:19: `seats` is not among the limits: use one of calls
c.yaml:20: `a` is already on line 14: keep it in one place
c.yaml:21: `plus` has the same rank as `basic`: give each plan a rank of its own
c.yaml:21: `suport` is not among the levels: did you mean `support`?
c.yaml:21: plus.levels.support cannot be `fats`: did you mean `fast`?
c.yaml:21: plus.limits.calls must be a whole number, 0 or more: write digits only; amounts are in cents
c.yaml:24: `slow` is already in levels.support.scale: keep one of the two
c.yaml:25: levels.mood.scale has no words: list them, the lowest first
c.yaml:26: default_plan cannot be `fre`: use one of basic, plus, pro
c.yaml:28: access lacks `refund`: add a line `refund: …`
c.yaml:29: access.states lacks `past_due`: add a line `past_due: …`
c.yaml:29: access.states.active cannot be `fill`: did you mean `full`?
c.yaml:30: access.states.canceled cannot be `full`: use one of none
c.yaml:31: access.pause_collection lacks `mark_uncollectible`: add a line `mark_uncollectible: …`
c.yaml:32: access.dispute must be a mapping: write it as `key: value` lines
c.yaml:33: edge lacks `upgrade`: add a line `upgrade: …`
c.yaml:33: edge.routes lacks `feature`: add a line `feature: …`
c.yaml:33: edge.routes.feature cannot be `reding`: did you mean `reading`?
c.yaml:33: edge.routes.path `articles` is no path: begin it with /"""


def test_every_mistake_is_reported_at_once_with_its_line_and_remedy() -> None:
    with pytest.raises(NotConfigured) as raised:
        parse_catalogue("c.yaml", BROKEN)
    assert raised.value.message == COMPLAINTS


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "c.yaml:1: the file is empty"),
        ("a: [", "c.yaml:1: this is not YAML"),
        ("- a", "c.yaml:1: the file must be a mapping"),
        ("features: {}", "c.yaml:1: the file lacks `access`"),
        ("? [a]\n: b", "c.yaml:1: a key of the file must be text"),
    ],
)
def test_what_is_no_catalogue_at_all_is_said_in_words(text: str, complaint: str) -> None:
    with pytest.raises(NotConfigured, match=f"^{complaint}"):
        parse_catalogue("c.yaml", text)


SOLD_EVERY_WAY = """default_plan: free
features: {reading: Reading}
limits: {seats: Seats}
quotas: {calls: Calls}
plans:
  team:
    name: Team
    rank: 1
    version: 3
    replaces: [2]
    tax_code: txcd_1
    trial: {days: 30, card: optional, ends: free}
    features: [reading]
    limits: {seats: {per_quantity: 1}, calls: 10}
    prices:
      - lookup_key: team
        interval: month
        with: [team_calls]
        countries: [DE, FR]
        tiers: {mode: volume, steps: [{up_to: 5, amounts: {usd: 9}, flat: {usd: 100}}, {amounts: {usd: 7}}]}
      - {lookup_key: team_calls, interval: month, meter: calls, each: 1000, amounts: {usd: 5}, tax: inclusive}
    earlier:
      - version: 1
        features: [reading]
        prices: [{lookup_key: team_1, interval: year, amounts: {usd: 1}}]
  free: {name: Free, rank: 0, prices: [{lookup_key: free, interval: month, amounts: {usd: 0}}]}
add_ons:
  pack:
    name: Pack
    limits: {seats: 2}
    prices: [{lookup_key: pack, interval: once, lasts_days: 90, amounts: {usd: 5}}]
coupons:
  spring: {name: Spring, percent_off: 20, duration: repeating, months: 3, plans: [team], codes: [SPRING]}
  five: {name: Five, amounts_off: {usd: 500}, duration: forever}
tax: inclusive
access:
  states:
    {trialing: none, active: full, past_due: none,
    unpaid: none, paused: none, incomplete: none, incomplete_expired: none, canceled: none}
  pause_collection: {keep_as_draft: keep, mark_uncollectible: none, void: until_period_end}
  refund: keep
  dispute: {open: suspend_all, open_statuses: [needs_response], lost: keep}
"""


def test_tiers_usage_hybrids_trials_versions_and_coupons_can_be_said() -> None:
    catalogue = parse_catalogue("c.yaml", SOLD_EVERY_WAY)
    [_, team] = catalogue.plans
    assert (team.version, team.replaces, team.tax_code) == (3, {2}, "txcd_1")
    assert team.trial == Trial(30, card=False, ends=TrialEnd.FREE)
    base, calls = team.prices
    assert base.tiers == (Tier(5, (Money("usd", 9),), (Money("usd", 100),)), Tier(None, (Money("usd", 7),)))
    assert (base.tier_mode, base.bundled, base.countries) == (TierMode.VOLUME, ("team_calls",), {"DE", "FR"})
    assert (calls.meter, calls.each, calls.tax) == ("calls", 1000, TaxBehavior.INCLUSIVE)
    assert team.offered_prices == (base,), "what comes with another price is not chosen alone"
    [first] = team.earlier
    sold = catalogue.find_sold(price_id="price_x", lookup_key="team_1", product_id="prod_x")
    assert sold is not None
    assert (sold.plan, sold.plan.key, sold.plan.version) == (first, "team", 1)
    [once] = catalogue.add_ons[0].prices
    assert (once.interval, once.lasts_days) == (Interval.ONCE, 90)
    spring, five = catalogue.coupons
    assert (spring.percent_off, spring.months, spring.plans, spring.codes) == (20, 3, {"team"}, ("SPRING",))
    assert (five.amounts_off, five.duration) == ((Money("usd", 500),), CouponDuration.FOREVER)
    assert catalogue.tax is TaxBehavior.INCLUSIVE


MISTAKES = {
    "with: [team_calls]": (
        "with: [team_call]",
        "16: team.prices.with cannot be `team_call`: did you mean `team_calls`?",
    ),
    "countries: [DE, FR]": ("countries: [de]", "19: `de` is not a country: use its two upper-case letters, such as DE"),
    "{up_to: 5, amounts": ("{amounts", "20: team.prices.tiers do not cover every number once"),
    "{amounts: {usd: 7}}": ("{amounts: {eur: 7}}", "20: team.prices.tiers differ in currencies"),
    "mode: volume": ("mode: heap", "20: team.prices.tiers.mode cannot be `heap`"),
    "meter: calls": ("meter: seats", "21: team.prices.meter cannot be `seats`"),
    "meter: calls, ": ("", "21: team.prices.each is for usage"),
    "each: 1000, amounts: {usd: 5}": ("each: 0, amounts: {usd: 5}", "21: team.prices.each is for usage"),
    "tax: inclusive}": ("tax: none}", "21: team.prices.tax cannot be `none`"),
    "team_calls, interval: month": (
        "team_calls, interval: year",
        "16: team.prices.with: `team_calls` is paid at another",
    ),
    "replaces: [2]": ("replaces: [3]", "10: team.replaces cannot be 3: name versions below 3"),
    "      - version: 1": ("      - version: 2", "23: team.earlier cannot have version 2 here"),
    "{days: 30, card": ("{days: 0, card", "12: team.trial cannot last 0 days: give 1 to 730"),
    "optional, ends: free": ("optional", "12: team.trial.ends says what becomes of who has not paid: add"),
    "card: optional": ("card: required", "12: team.trial.ends says what becomes of who has not paid: leave it out"),
    "percent_off: 20": ("percent_off: 101", "33: coupons.spring.percent_off cannot be 101: give 1 to 100"),
    "percent_off: 20, ": ("", "33: coupons.spring needs either `percent_off` or `amounts_off`"),
    "months: 3, ": ("", "33: coupons.spring.months is how long a repeating coupon lasts"),
    "plans: [team]": ("plans: [teem]", "33: coupons.spring.plans cannot be `teem`: did you mean `team`?"),
    "codes: [SPRING]": ("codes: [a-b]", "33: coupons.spring.codes cannot be `a-b`"),
    "tax: inclusive\n": ("tax: maybe\n", "35: tax cannot be `maybe`"),
    "lasts_days: 90, amounts": ("lasts_days: 90, amount", "31: pack.prices needs either `amounts` or `tiers`"),
    "lasts_days: 90": ("lasts_days: 0", "31: pack.prices.lasts_days cannot be 0: give 1 to 36500, or leave it out"),
    "interval: once": ("interval: year", "31: pack.prices.lasts_days is for what is paid once: leave it out"),
    "default_plan: free": ("default_plan: team", "6: team.trial.ends cannot be `free` without a free plan"),
    "{lookup_key: free, interval: month": (
        "{lookup_key: free, interval: once",
        "6: team.trial.ends cannot be `free` without a free plan",
    ),
}


@pytest.mark.parametrize(("right", "wrong"), MISTAKES.items(), ids=lambda each: str(each)[:24])
def test_each_mistake_in_them_is_said_with_its_line(right: str, wrong: tuple[str, str]) -> None:
    assert SOLD_EVERY_WAY.count(right) == 1
    with pytest.raises(NotConfigured) as raised:
        parse_catalogue("c.yaml", SOLD_EVERY_WAY.replace(right, wrong[0]))
    assert f"c.yaml:{wrong[1]}" in raised.value.message, raised.value.message


def test_a_file_that_cannot_be_read_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(NotConfigured, match="GATEHOUSE_CATALOG"):
        load_catalogue(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes("features: {a: é}".encode("latin-1"))
    with pytest.raises(NotConfigured, match="UTF-8"):
        load_catalogue(tmp_path / "latin.yaml")


LINES = DEMO.read_text(encoding="utf-8").splitlines()


@given(
    st.integers(0, len(LINES) - 1), st.sampled_from(["", "  x: 1", "- 7", "}", "plans: 3", "\t", "&a *a", "!!int x"])
)
def test_a_damaged_file_is_read_or_refused_but_never_crashes(at: int, damage: str) -> None:
    text = "\n".join([*LINES[:at], damage, *LINES[at + 1 :]])
    with suppress(NotConfigured):
        parse_catalogue("c.yaml", text)
