"""Subscriptions: the source is never opened for a denied caller, and every event is decided anew."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import strawberry
from structlog.testing import capture_logs

from errors import BadInput, Unavailable
from execution.execute import subscribe
from execution.model import Answer
from gating.directives import Public
from gating.model import Access
from tests.unit.execution.toy import CANARY, Trail, ask, contract_of, graphql_schema, holding

CONTRACT = contract_of()


async def listen(query: str, trail: Trail, **variables: Any) -> list[Answer]:
    return [answer async for answer in subscribe(CONTRACT, ask(query, **variables), trail)]


async def test_each_event_is_an_answer() -> None:
    answers = await listen("subscription { ticks(n: 2) { id name } }", Trail(holding()))
    assert answers == [Answer({"ticks": {"id": str(number), "name": "n"}}) for number in range(2)]


async def test_a_denied_source_is_never_opened() -> None:
    trail = Trail(holding())
    (answer,) = await listen("subscription { live { id } }", trail)
    assert answer.request_error
    assert answer.errors[0]["extensions"] == {"code": "ENTITLEMENT_REQUIRED", "feature": "live"}
    assert trail.calls == []


async def test_the_stream_ends_with_the_denial_once_the_root_is_lost() -> None:
    trail = Trail(holding("live"), later=[holding("live"), holding()])
    answers = await listen("subscription { live(n: 5) { id } }", trail)
    assert answers[0] == Answer({"live": {"id": CANARY + "0"}})
    assert len(answers) == 2
    assert answers[1].request_error
    assert answers[1].extensions["entitlements"]["denied"][0]["coordinate"] == "Subscription.live"
    assert CANARY + "1" not in str(answers[1])
    assert trail.calls == ["Subscription.live", "closed Subscription.live"]


async def test_a_field_lost_between_events_is_denied_from_then_on_and_back_when_regained() -> None:
    access: list[Access] = [holding("analytics"), holding(), holding("analytics")]
    trail = Trail(holding("analytics"), later=access)
    answers = await listen("subscription { ticks(n: 3) { churnRisk } }", trail)
    assert [answer.data for answer in answers] == [
        {"ticks": {"churnRisk": CANARY + "Member.churnRisk"}},
        {"ticks": {"churnRisk": None}},
        {"ticks": {"churnRisk": CANARY + "Member.churnRisk"}},
    ]
    assert [[error["path"] for error in answer.errors] for answer in answers] == [[], [["ticks", "churnRisk"]], []]
    assert trail.calls == ["Member.churnRisk"] * 2


async def test_closing_the_stream_closes_the_source() -> None:
    trail = Trail(holding("live"))
    async with aclosing(subscribe(CONTRACT, ask("subscription { live(n: 5) { id } }"), trail)) as events:
        async for _ in events:
            break
    assert trail.calls == ["Subscription.live", "closed Subscription.live"]


async def test_a_query_over_a_stream_is_one_answer() -> None:
    assert await listen("{ me { id } }", Trail(holding())) == [Answer({"me": {"id": "1"}})]


async def test_an_invalid_subscription_is_one_request_error() -> None:
    (answer,) = await listen("subscription { nope }", Trail(holding()))
    assert answer.request_error


async def test_a_source_that_breaks_ends_with_a_masked_error() -> None:
    @strawberry.type
    class Query:
        ok: bool = True

    @strawberry.type
    class Subscription:
        @strawberry.subscription(directives=[Public()])
        async def broken(self) -> AsyncGenerator[int, None]:
            yield 1
            raise RuntimeError(CANARY)

        @strawberry.subscription(directives=[Public()])
        async def unavailable(self) -> AsyncGenerator[int, None]:
            yield 1
            raise Unavailable("The database does not answer.")

        @strawberry.subscription(directives=[Public()])
        async def refused(self) -> AsyncGenerator[int, None]:
            raise BadInput("Only members may.")
            yield 1

    contract = contract_of(graphql_schema(strawberry.Schema(Query, subscription=Subscription)))
    with capture_logs() as logs:
        (answer,) = [answer async for answer in subscribe(contract, ask("subscription { refused }"), Trail())]
    assert answer.errors == [{"message": "Only members may.", "extensions": {"code": "BAD_INPUT"}}]
    assert logs == [], "what the caller did wrong is not for our log"
    answers = [answer async for answer in subscribe(contract, ask("subscription { broken }"), Trail())]
    assert answers[0] == Answer({"broken": 1})
    assert answers[1].errors == [{"message": "Internal error.", "extensions": {"code": "INTERNAL"}}]
    answers = [answer async for answer in subscribe(contract, ask("subscription { unavailable }"), Trail())]
    assert answers[1].errors == [{"message": "The database does not answer.", "extensions": {"code": "UNAVAILABLE"}}]
