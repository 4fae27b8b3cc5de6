"""One request and its answer by ASGI's messages, as uvicorn has it, but for what a small answer would pay without need.

Head and body of an answer go out by one write, where uvicorn makes two; a body that has come is not waited for.
"""

from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from web.heads import HANDLED, LENGTH, line_of, write


class Cycle(RequestResponseCycle):
    """The head of an answer whose length is known waits for the body."""

    _head: bytes | None = None
    _given = False

    async def receive(self) -> Any:
        """Without waiting where all of the body has come."""
        if self.more_body or self._given or self.disconnected or self.waiting_for_100_continue:
            return await super().receive()
        self._given = True
        self.flow.resume_reading()
        self.message_event.clear()
        return {"type": "http.request", "body": bytes(self.body), "more_body": False}

    async def send(self, message: Any) -> None:
        if self.flow.write_paused or self.disconnected:
            await self._release(message)
        elif not self.response_started and (head := self._head_of(message)) is not None:
            self._head = head
            self.response_started = True
            self.waiting_for_100_continue = False
            self.chunked_encoding = False
        elif self._head is not None and self._is_whole(message):
            self._finish(self._head, message.get("body", b""))
        else:
            await self._release(message)

    async def _release(self, message: Any) -> None:
        """As uvicorn does it."""
        head, self._head = self._head, None
        if head is not None and not self.disconnected:
            self.transport.write(head)
        await super().send(message)

    def _head_of(self, message: Any) -> bytes | None:
        """The head, if nothing about it is special; else None."""
        if message["type"] != "http.response.start" or not self.keep_alive or self.scope["method"] == "HEAD":
            return None
        length = None
        lines = [STATUS_LINE[message["status"]]]
        for name, value in (*self.default_headers, *message["headers"]):
            if name == LENGTH:
                length = int(value)
                lines.append(b"content-length: %d\r\n" % length)
            elif name in HANDLED:
                return None
            else:
                lines.append(line_of(name, value))
        if length is None:
            return None
        self.expected_content_length = length
        lines.append(b"\r\n")
        return b"".join(lines)

    def _is_whole(self, message: Any) -> bool:
        if message["type"] != "http.response.body" or message.get("more_body", False):
            return False
        return len(message.get("body", b"")) == self.expected_content_length

    def _finish(self, head: bytes, body: bytes) -> None:
        self._head = None
        self.expected_content_length = 0
        write(self.transport, head, body)
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
