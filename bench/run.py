"""One run: answers compared, servers warmed, rounds interleaved, pairs alternated."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import orjson

from bench.answers import check_answer
from bench.cases import Case, Deliveries, Row
from bench.deliveries import deliver
from bench.events import delivery
from bench.faults import RunFailed, Unanswered
from bench.ground import WEBHOOK_SECRET, Ground
from bench.load import Sample, Shot, load, repeating
from bench.servers import Running, Server
from clock import SystemClock

PATIENCE = 5
HEADERS = {"content-type": "application/json", "accept": "application/json", "accept-encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how often. `seconds` is each sample's length; `pairs` at least 30 for a bound worth reporting.

    Rather many rounds than long samples: machines that others share change their speed from one second to the next.
    """

    seconds: int = 1
    rounds: int = 21
    pairs: int = 60

    @property
    def warm_up_seconds(self) -> int:
        """For each row. Node compiles for seconds; where there is one round, nobody reads its figures."""
        return min(self.rounds, 4)


@dataclass(frozen=True, slots=True)
class Bench:
    """Running servers, and what each row must answer."""

    ground: Ground
    servers: Mapping[str, Running]
    progress: Callable[[str], None]

    def check_answers(self, rows: Sequence[Row], reference: Server) -> None:
        """Keeps each row's answer as the expected one. Raises RunFailed when one says else than the reference's."""
        answers = {row: self._ask(row) for row in rows}
        references = {row.case: answer for row, answer in answers.items() if row.server == reference}
        for row, answer in answers.items():
            if isinstance(row.case, Case):
                name = f"{row.server.name}, {row.case.title}"
                check_answer(name, answer, references[row.case], row.shape, row.errors)
            self._expected(row).write_bytes(answer)

    def sample(self, row: Row, seconds: int) -> Sample:
        """Longer, once, when not one answer came. Raises RunFailed as `load` does."""
        one, expected = self.servers[row.server.name], self._expected(row)
        if isinstance(row.case, Deliveries):
            return deliver(self.ground, one, row, expected, seconds)
        variables = repeating(_body(row.case), self.ground.token(row.case.member_id))
        shot = Shot(one.url, expected, variables, row.connections)
        measure = partial(load, shot, server=one.process.pid, postgres=self.ground.postgres)
        try:
            return measure(seconds)
        except Unanswered:
            return measure(seconds * PATIENCE)

    def warm_up(self, rows: Sequence[Row], seconds: int) -> None:
        for row in rows:
            self.progress(f"warming up: {row.server.name}, {row.case.title}")
            self.sample(row, seconds)

    def rounds(self, rows: Sequence[Row], count: int, seconds: int) -> dict[Row, list[Sample]]:
        """Every row once in each round, so that whatever disturbs the machine disturbs all rows alike."""
        samples: dict[Row, list[Sample]] = {row: [] for row in rows}
        for number in range(1, count + 1):
            self.progress(f"round {number} of {count}, {len(rows) * seconds} s")
            for row in rows:
                samples[row].append(self.sample(row, seconds))
        return samples

    def alternate(self, base: Row, other: Row, pairs: int, seconds: int) -> list[tuple[Sample, Sample]]:
        """Both rows back to back, so often, each first in every other pair; returned with `base` first."""
        taken: list[tuple[Sample, Sample]] = []
        for number in range(pairs):
            if number % 2:
                second = self.sample(other, seconds)
                taken.append((self.sample(base, seconds), second))
            else:
                taken.append((self.sample(base, seconds), self.sample(other, seconds)))
        return taken

    def _ask(self, row: Row) -> bytes:
        headers, content = self._request(row.case)
        try:
            response = httpx.post(self.servers[row.server.name].url, content=content, headers=headers, timeout=30)
        except httpx.HTTPError as fault:
            raise RunFailed(f"{row.server.name} does not answer: {fault}") from fault
        if response.status_code != 200:
            raise RunFailed(f"{row.server.name} answers {response.status_code}: {response.text[:300]}")
        return response.content

    def _request(self, case: Case | Deliveries) -> tuple[dict[str, str], bytes]:
        if isinstance(case, Deliveries):
            return delivery(0, WEBHOOK_SECRET, SystemClock().now())
        return HEADERS | {"authorization": f"Bearer {self.ground.token(case.member_id)}"}, _body(case).encode()

    def _expected(self, row: Row) -> Path:
        return self.ground.folder / f"{row.server.name}, {row.case.title}.json"


def _body(case: Case) -> str:
    return orjson.dumps({"query": case.query}).decode()
