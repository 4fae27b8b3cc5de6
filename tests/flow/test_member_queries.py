"""Members' own data as they, strangers, operators and integrators see it; nodes; what members do."""

import asyncio
from contextlib import aclosing, suppress
from datetime import timedelta

from content.model import Kind
from content.seed import entry_id
from gating.model import Holdings
from gating.values import Override, ValueKind
from identity.model import ANONYMOUS, Principal
from tests.flow.served import ENTERPRISE, FREE, INTEGRATOR, OPERATOR, PRO, Served, member

HOT = "{ me { id email plan { name } entitlements { feature } usage { meter used limit } } }"
GATED = "{ me { usageAnalytics { daily { day meter used } } apiAccess { endpoint usage { used limit } } } }"

ARTICLE = entry_id(Kind.ARTICLE, 0)
DOWNLOAD = entry_id(Kind.DOWNLOAD, 0)


async def test_plans_differ_visibly(served: Served) -> None:
    free, pro, enterprise = [(await served.data(HOT, member(who)))["me"] for who in (FREE, PRO, ENTERPRISE)]
    assert [me["plan"]["name"] for me in (free, pro, enterprise)] == ["Free", "Pro", "Enterprise"]
    assert [len(me["entitlements"]) for me in (free, pro, enterprise)] == [0, 4, 6]
    limits = [{each["meter"]: each["limit"] for each in me["usage"]} for me in (free, pro, enterprise)]
    assert [limit["api_calls"] for limit in limits] == [100, 1000, 100_000]
    assert [limit.get("downloads") for limit in limits] == [None, 50, 1000]
    assert all(each["used"] > 0 for each in pro["usage"] if each["meter"] == "articles_read")


async def test_what_is_held_is_named_with_its_reason(served: Served) -> None:
    data = await served.data(
        "{ me { entitlements { feature name source endsAt } limits { key name value metered } levels { key value } } }",
        member(PRO),
    )
    assert data["me"]["entitlements"][0] == {
        "feature": "analytics",
        "name": "Reading analytics",
        "source": "SUBSCRIPTION",
        "endsAt": None,
    }
    limits = {each["key"]: (each["value"], each["metered"]) for each in data["me"]["limits"]}
    assert limits == {"api_calls": (1000, True), "downloads": (50, True), "projects": (50, False)}
    assert data["me"]["levels"] == [{"key": "support_level", "value": "standard"}]


async def test_what_an_operator_sets_stands_over_what_was_bought(served: Served) -> None:
    ends_at = served.services.clock.now() + timedelta(days=1)
    overrides = (
        Override(ValueKind.FEATURE, "api_access", True, "case_1", ends_at=ends_at),
        Override(ValueKind.FEATURE, "analytics", False, "case_1"),
        Override(ValueKind.LIMIT, "downloads", 7, "case_1", "org_1"),
        Override(ValueKind.LEVEL, "support_level", "community", "case_1", "org_1"),
    )
    await served.give(PRO, Holdings(overrides=overrides), owner="operator")
    query = """{ me { entitlements { feature source endsAt } limits { key value } levels { value }
                      apiAccess { endpoint } usageAnalytics { daily { day } } } }"""
    answer = await served.ask(query, member(PRO))
    assert answer.data
    me = answer.data["me"]
    assert {each["feature"]: each["source"] for each in me["entitlements"]} == {
        "api_access": "MANUAL",
        "archive": "SUBSCRIPTION",
        "content_premium": "SUBSCRIPTION",
        "downloads": "SUBSCRIPTION",
    }
    assert me["entitlements"][0]["endsAt"] == ends_at.isoformat()
    assert {each["key"]: each["value"] for each in me["limits"]} == {"api_calls": 1000, "downloads": 7, "projects": 50}
    assert (me["levels"], me["apiAccess"], me["usageAnalytics"]) == (
        [{"value": "community"}],
        {"endpoint": "/graphql"},
        None,
    )


async def test_gated_types_are_reached_by_those_who_hold_them(served: Served) -> None:
    enterprise = (await served.data(GATED, member(ENTERPRISE)))["me"]
    assert enterprise["apiAccess"]["endpoint"] == "/graphql"
    assert enterprise["apiAccess"]["usage"]["limit"] == 100_000
    days = [each["day"] for each in enterprise["usageAnalytics"]["daily"]]
    assert days == sorted(days)
    assert days[-1] == "2026-03-01"

    pro = await served.ask(GATED, member(PRO))
    assert pro.data is not None
    assert pro.data["me"]["usageAnalytics"]["daily"]
    assert pro.data["me"]["apiAccess"] is None
    assert [(error["path"], error["extensions"]["feature"]) for error in pro.errors] == [
        (["me", "apiAccess"], "api_access")
    ]
    free = await served.ask(GATED, member(FREE))
    assert free.data == {"me": {"usageAnalytics": None, "apiAccess": None}}


async def test_me_is_for_members(served: Served) -> None:
    stranger = await served.ask(HOT)
    assert stranger.data == {"me": None}
    assert stranger.errors[0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert await served.data(HOT, OPERATOR) == {"me": None}


async def test_plans_and_features_tell_what_to_buy(served: Served) -> None:
    query = """{ plans { key features { key } limits { key value } prices { currency amountMinor interval lookupKey } }
      held: feature(key: "analytics") { available requiredPlans { key } }
      lacking: feature(key: "live_updates") { feature { name } available requiredPlans { key } }
      unknown: feature(key: "no_such") { available } }"""
    data = await served.data(query, member(PRO))
    assert [plan["key"] for plan in data["plans"]] == ["free", "pro", "enterprise"]
    assert data["plans"][1]["prices"][0] == {
        "currency": "EUR",
        "amountMinor": 1900,
        "interval": "MONTH",
        "lookupKey": "pro_monthly",
    }
    assert data["held"] == {"available": True, "requiredPlans": []}
    assert data["lacking"] == {
        "feature": {"name": "Live updates"},
        "available": False,
        "requiredPlans": [{"key": "enterprise"}],
    }
    assert data["unknown"] is None


NODES = (
    (ANONYMOUS, "spa", ARTICLE, "Article"),
    (ANONYMOUS, "spa", entry_id(Kind.LESSON, 0), "Lesson"),
    (ANONYMOUS, "spa", entry_id(Kind.ARTICLE, 200), None),  # a draft
    (ANONYMOUS, "spa", ARTICLE.replace("art_", "pst_"), None),
    (ANONYMOUS, "spa", "art_", None),
    (ANONYMOUS, "spa", "nonsense", None),
    (ANONYMOUS, "spa", "", None),
    (ANONYMOUS, "spa", "art_\x00", None),
    (ANONYMOUS, "spa", PRO, None),
    (member(FREE), "spa", PRO, None),
    (member(PRO), "spa", PRO, "Member"),
    (OPERATOR, "full", PRO, "Member"),
    (Principal(OPERATOR.kind, "olga"), "full", PRO, None),
    (INTEGRATOR, "integrator", PRO, None),
)


async def test_nodes_are_found_or_null(served: Served) -> None:
    query = "query($id: ID!) { node(id: $id) { __typename id } nodes(ids: [$id, $id]) { id } }"
    for caller, contract, node_id, found in NODES:
        answer = await served.ask(query, caller, {"id": node_id}, contract)
        expected = {"__typename": found, "id": node_id} if found else None
        assert not answer.errors
        assert answer.data == {"node": expected, "nodes": [expected and {"id": node_id}] * 2}, (caller, node_id)


async def test_operators_read_every_member_and_others_cannot_ask(served: Served) -> None:
    query = """{ members(first: 2) { totalCount edges { node { id email usage { used } plan { key } } }
      pageInfo { hasNextPage endCursor } } member(id: "mem_pro") { id } subscriptions { totalCount }
      stripeEvents { totalCount } memberEntitlements(memberId: "mem_pro") { feature } }"""
    data = await served.data(query, OPERATOR)
    assert data["members"]["totalCount"] == 3
    assert [edge["node"]["id"] for edge in data["members"]["edges"]] == [ENTERPRISE, FREE]
    assert data["member"] == {"id": PRO}
    assert len(data["memberEntitlements"]) == 4
    hidden = await served.ask(query, member(PRO))
    assert hidden.request_error
    held = await served.data('{ memberEntitlements(memberId: "mem_pro") { feature } }', INTEGRATOR)
    assert len(held["memberEntitlements"]) == 4
    without = await served.ask(
        '{ memberEntitlements(memberId: "mem_pro") { feature } }', Principal(INTEGRATOR.kind, "x")
    )
    assert without.errors[0]["extensions"]["code"] == "SCOPE_REQUIRED"


async def test_bookmarks_are_kept_once_and_locked_content_stays_locked(served: Served) -> None:
    keep = """mutation($id: ID!) { bookmarkContent(input: {contentId: $id}) {
      content { id ... on Article { body access { granted } } } userErrors { code path } } }"""
    mine = "{ me { bookmarks { totalCount edges { node { id ... on Article { body } } } } } }"
    for _ in range(2):
        kept = (await served.data(keep, member(FREE), id=ARTICLE))["bookmarkContent"]
        assert kept["content"] == {"id": ARTICLE, "body": None, "access": {"granted": False}}
    await served.data(keep, member(FREE), id=DOWNLOAD)
    listed = (await served.data(mine, member(FREE)))["me"]["bookmarks"]
    assert listed["totalCount"] == 2
    assert {edge["node"]["id"] for edge in listed["edges"]} == {ARTICLE, DOWNLOAD}
    assert (await served.data(mine, member(PRO)))["me"]["bookmarks"]["totalCount"] == 0
    forget = "mutation($id: ID!) { removeBookmark(input: {contentId: $id}) { content { id } userErrors { code } } }"
    assert (await served.data(forget, member(FREE), id=ARTICLE))["removeBookmark"]["content"] == {"id": ARTICLE}
    assert (await served.data(mine, member(FREE)))["me"]["bookmarks"]["totalCount"] == 1
    missing = (await served.data(keep, member(FREE), id="art_none"))["bookmarkContent"]
    assert (missing["content"], missing["userErrors"]) == (None, [{"code": "NOT_FOUND", "path": ["contentId"]}])
    stranger = await served.ask(keep, variables={"id": ARTICLE})
    assert stranger.request_error


async def test_readings_and_downloads_count_once_for_each_key(served: Served) -> None:
    read = """mutation($key: String!, $id: ID!) { recordReading(input: {articleId: $id, idempotencyKey: $key}) {
      article { id readCount } userErrors { code } } }"""
    fetch = """mutation($key: String!, $id: ID!) { requestDownload(input: {downloadId: $id, idempotencyKey: $key}) {
      download { id fileUrl } userErrors { code } } }"""
    before = await _used(served, PRO)
    counts = [
        (await served.data(read, member(PRO), key=key, id=ARTICLE))["recordReading"]["article"]["readCount"]
        for key in ("one", "one", "two")
    ]
    assert counts == [counts[0], counts[0], counts[0] + 1]
    for key in ("one", "one"):
        got = (await served.data(fetch, member(PRO), key=key, id=DOWNLOAD))["requestDownload"]["download"]
        assert got["fileUrl"].startswith("https://")
    after = await _used(served, PRO)
    assert after["articles_read"] - before["articles_read"] == 2
    assert after["downloads"] - before["downloads"] == 1
    refused = await served.ask(fetch, member(FREE), {"key": "one", "id": DOWNLOAD})
    assert refused.request_error
    assert await _used(served, FREE) == before


async def _used(served: Served, who: str) -> dict[str, int]:
    return {each["meter"]: each["used"] for each in (await served.data(HOT, member(who)))["me"]["usage"]}


async def test_a_member_follows_what_it_holds(served: Served) -> None:
    running = asyncio.create_task(served.services.store.run())
    query = "subscription { entitlementsChanged { plan { key } entitlements { feature } } }"
    async with aclosing(served.follow(query, member(FREE))) as events:
        async with asyncio.timeout(5):
            first = await anext(events)
        assert first.data == {"entitlementsChanged": {"plan": {"key": "free"}, "entitlements": []}}
        await asyncio.sleep(0.2)
        await served.subscribe_to(FREE, "pro")
        async with asyncio.timeout(5):
            async for event in events:
                if event.data and event.data["entitlementsChanged"]["plan"]["key"] == "pro":
                    assert len(event.data["entitlementsChanged"]["entitlements"]) == 4
                    break
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_published_content_is_announced_to_those_who_hold_it(served: Served) -> None:
    running = asyncio.create_task(served.services.feed.run())
    query = "subscription { contentPublished { id ... on Article { body } } }"
    [refused] = [answer async for answer in served.follow(query, member(PRO))]
    assert refused.request_error
    draft = entry_id(Kind.ARTICLE, 200)
    async with aclosing(served.follow(query, member(ENTERPRISE))) as events:
        following = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0.5)
        publish = "mutation($id: ID!) { publishContent(input: {contentId: $id}) { content { id } } }"
        await served.data(publish, OPERATOR, id=draft)
        async with asyncio.timeout(5):
            event = await following
    assert event.data is not None
    assert event.data["contentPublished"]["id"] == draft
    assert event.data["contentPublished"]["body"]
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
