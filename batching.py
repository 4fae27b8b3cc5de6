"""What requests have in common, done by one call: whatever is asked while a call is under way goes into the next one.

Under load many requests arrive in one turn of the event loop, and a statement for each would cost more than most of
what else is done for them. Nobody gets what was read before he asked: a call begins after the last of its questions.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from errors import GatehouseError, Unavailable

Question = TypeVar("Question")
Answer = TypeVar("Answer")

MOST = 100

Asked = Sequence[tuple[Question, asyncio.Future[Answer]]]


class Batching(Generic[Question, Answer]):
    """`answer` is given at most MOST questions, in the order they came, and gives one answer to each.

    At rest a question waits for the end of its turn of the loop, for others to join it. While `at_once` calls are under
    way it waits for the end of one of them: they are short, and the fuller the next one is, the less all of them cost.
    """

    def __init__(self, answer: Callable[[Sequence[Question]], Awaitable[Sequence[Answer]]], *, at_once: int) -> None:
        self._answer = answer
        self._at_once = at_once
        self._waiting: list[tuple[Question, asyncio.Future[Answer]]] = []
        self._working = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def ask(self, question: Question) -> Awaitable[Answer]:
        """Raises what `answer` raises for this question."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((question, future))
        if self._working < self._at_once and len(self._waiting) == 1:
            self._working += 1
            task = loop.create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return future

    async def _work(self) -> None:
        """One call after the other, without a pause in which nobody works, until nothing is left."""
        try:
            while self._waiting:
                asked, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                await self._settle(asked)
        finally:
            self._working -= 1  # at once: whoever was just answered may ask again before this task counts as done

    async def _settle(self, asked: Asked[Question, Answer]) -> None:
        """Whoever has gone away meanwhile is left out; what cannot be done with the others is done alone."""
        try:
            answers = await self._answer([question for question, _ in asked])
            if len(answers) != len(asked):
                raise GatehouseError(f"{len(answers)} answers to {len(asked)} questions")
        except Exception as fault:  # noqa: BLE001 - it is theirs who wait
            if len(asked) > 1 and not isinstance(fault, Unavailable):
                for each in asked:
                    await self._settle([each])
                return
            for _, future in asked:
                if not future.done():
                    future.set_exception(fault)
        else:
            for (_, future), answer in zip(asked, answers, strict=True):
                if not future.done():
                    future.set_result(answer)
