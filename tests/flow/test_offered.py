"""What `plans` and `addOns` show of the demo catalogue."""

from typing import Any

from tests.flow.served import Served

PRICE = "currency amountMinor interval lookupKey byNumber meter units tax tierMode tiers { upTo amountMinor }"
QUERY = f"""query($currency: String, $country: String) {{
    plans(currency: $currency, country: $country) {{ key trial {{ days cardRequired ends }}
        prices {{ {PRICE} includes {{ {PRICE} }} }} }}
    addOns(currency: $currency, country: $country) {{ key prices {{ {PRICE} }} }} }}"""


def priced(plans: Any) -> dict[str, list[str]]:
    return {plan["key"]: [f"{each['lookupKey']} {each['currency']}" for each in plan["prices"]] for plan in plans}


async def test_prices_of_one_currency(served: Served) -> None:
    data = await served.data(QUERY, currency="EUR")
    assert priced(data["plans"]) == {
        "free": ["free_monthly EUR"],
        "pro": ["pro_monthly EUR", "pro_annual EUR"],
        "enterprise": ["enterprise_monthly EUR", "enterprise_annual EUR"],
    }
    assert priced(data["addOns"]) == {"seats": ["seats_monthly EUR"], "project_pack": ["project_pack_once EUR"]}
    every = await served.data(QUERY)
    assert len(priced(every["plans"])["pro"]) == 4


async def test_what_is_sold_nowhere_so_leaves_the_free_plan(served: Served) -> None:
    data = await served.data(QUERY, currency="jpy", country="de")
    assert priced(data["plans"]) == {"free": []}
    assert data["addOns"] == []


async def test_tiers_seats_usage_tax_and_trials_are_told(served: Served) -> None:
    data = await served.data(QUERY, currency="usd", country="US")
    plans = {plan["key"]: plan for plan in (*data["plans"], *data["addOns"])}
    [seats] = plans["seats"]["prices"]
    assert (seats["amountMinor"], seats["byNumber"], seats["tierMode"]) == (900, True, "GRADUATED")
    assert [(tier["upTo"], tier["amountMinor"]) for tier in seats["tiers"]] == [(5, 900), (20, 700), (None, 500)]
    monthly = plans["enterprise"]["prices"][0]
    [calls] = monthly["includes"]
    assert (calls["meter"], calls["units"], calls["amountMinor"]) == ("api_calls", 1000, 50)
    assert (monthly["byNumber"], monthly["meter"], monthly["tiers"], monthly["tax"]) == (False, None, [], "EXCLUSIVE")
    assert plans["project_pack"]["prices"][0]["tax"] == "INCLUSIVE"
    assert plans["pro"]["trial"] == {"days": 14, "cardRequired": False, "ends": "FREE"}
    assert plans["enterprise"]["trial"]["cardRequired"]
