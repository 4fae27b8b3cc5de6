"""Bodies within bounds, however they come, and answers in two messages."""

from typing import Any

import pytest

from asgi import Gone, Message, Receive, Reply, TooLong, read_body, respond


def arriving(*messages: Message) -> Receive:
    left = list(messages)

    async def receive() -> Message:
        return left.pop(0)

    return receive


def part(body: bytes, more: bool = True) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


LEFT: Message = {"type": "http.disconnect"}


@pytest.mark.parametrize(
    "messages",
    [
        [part(b"abcd", more=False)],
        [part(b"ab"), part(b""), part(b"cd", more=False)],
        [part(b"abcd"), {"type": "http.request"}],
    ],
)
async def test_a_body_comes_whole_or_in_parts(messages: list[Message]) -> None:
    assert await read_body(arriving(*messages), 4) == b"abcd"


async def test_a_body_is_read_no_further_than_its_bound() -> None:
    never = part(b"never asked for", more=False)
    receive = arriving(part(b"abc"), part(b"de"), never)
    with pytest.raises(TooLong):
        await read_body(receive, 4)
    assert await receive() == never


@pytest.mark.parametrize("messages", [[LEFT], [part(b"ab"), LEFT]])
async def test_a_client_that_leaves_has_sent_nothing(messages: list[Message]) -> None:
    with pytest.raises(Gone):
        await read_body(arriving(*messages), 4)


async def test_an_answer_says_how_long_it_is() -> None:
    sent: list[Any] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await respond(send, Reply(200, ((b"a", b"b"),), b"body", ((b"c", b"d"),)))
    [start, body] = sent
    headers = [(b"content-length", b"4"), (b"a", b"b"), (b"c", b"d")]
    assert start == {"type": "http.response.start", "status": 200, "headers": headers}
    assert body == {"type": "http.response.body", "body": b"body"}
