"""One run: answers compared, servers warmed, rounds interleaved, pairs alternated."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import orjson

from bench.answers import check_answer
from bench.faults import RunFailed
from bench.ground import Ground
from bench.load import Sample, Shot, load
from bench.rows import REFERENCE, Row
from bench.servers import Running

HEADERS = {"content-type": "application/json", "accept": "application/json", "accept-encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how often. `seconds` is each sample's length; `pairs` at least 30 for a bound worth reporting."""

    seconds: int = 3
    rounds: int = 5
    pairs: int = 30
    warm_up_seconds: int = 4


@dataclass(frozen=True, slots=True)
class Bench:
    """Running servers, and what each row must answer."""

    ground: Ground
    servers: Mapping[str, Running]
    progress: Callable[[str], None]

    def check_answers(self, rows: Sequence[Row]) -> None:
        """Keeps each row's answer as the expected one. Raises RunFailed when one says something else."""
        references = {row.case: self._ask(row) for row in rows if row.server == REFERENCE}
        for row in rows:
            answer = self._ask(row)
            check_answer(f"{row.server.name}, {row.case.title}", answer, references[row.case], row.shape, row.errors)
            self._expected(row).write_bytes(answer)

    def sample(self, row: Row, seconds: int) -> Sample:
        one = self.servers[row.server.name]
        shot = Shot(one.url, _body(row), self.ground.token(row.case.member_id), self._expected(row))
        return load(shot, seconds, server=one.process.pid, postgres=self.ground.postgres)

    def warm_up(self, rows: Sequence[Row], seconds: int) -> None:
        for row in rows:
            self.progress(f"warming up: {row.server.name}, {row.case.title}")
            self.sample(row, seconds)

    def rounds(self, rows: Sequence[Row], plan: Plan) -> dict[Row, list[Sample]]:
        """Every row once in each round, so that whatever disturbs the machine disturbs all rows alike."""
        samples: dict[Row, list[Sample]] = {row: [] for row in rows}
        for number in range(1, plan.rounds + 1):
            self.progress(f"round {number} of {plan.rounds}, {len(rows) * plan.seconds} s")
            for row in rows:
                samples[row].append(self.sample(row, plan.seconds))
        return samples

    def alternate(self, base: Row, other: Row, plan: Plan) -> list[tuple[Sample, Sample]]:
        """Both rows back to back, `plan.pairs` times, each first in every other pair; returned with `base` first."""
        taken: list[tuple[Sample, Sample]] = []
        for number in range(plan.pairs):
            if number % 2:
                second = self.sample(other, plan.seconds)
                taken.append((self.sample(base, plan.seconds), second))
            else:
                taken.append((self.sample(base, plan.seconds), self.sample(other, plan.seconds)))
        return taken

    def _ask(self, row: Row) -> bytes:
        url = self.servers[row.server.name].url
        authorization = {"authorization": f"Bearer {self.ground.token(row.case.member_id)}"}
        try:
            response = httpx.post(url, content=_body(row), headers=HEADERS | authorization, timeout=30)
        except httpx.HTTPError as fault:
            raise RunFailed(f"{row.server.name} does not answer: {fault}") from fault
        if response.status_code != 200:
            raise RunFailed(f"{row.server.name} answers {response.status_code}: {response.text[:300]}")
        return response.content

    def _expected(self, row: Row) -> Path:
        return self.ground.folder / f"{row.server.name}, {row.case.title}.json"


def _body(row: Row) -> str:
    return orjson.dumps({"query": row.case.query}).decode()
