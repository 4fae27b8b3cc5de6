"""What no line may hold: suppressions without a reason, addresses of one machine, ways round a port."""

import re
from collections.abc import Iterable, Iterator

from checks.model import Finding, Source

REASON = re.compile(r"#.*\s-\s+\w.{2,}")
SUPPRESSION = re.compile(r"#\s*(noqa|pyright:|fmt: (off|skip)|type: ignore)")
SKIP = re.compile(r"pytest\.(mark\.)?(skip|skipif|xfail|importorskip)\b|unittest\.skip")
PATCH = re.compile(r"monkeypatch\.(setattr|delattr|setitem)|mock\.patch|mocker\.")
MACHINE = re.compile(r"(?<![\w./:>-])/(root|work|home/\w+|Users/\w+|opt/pypi)/")
ADDRESS = re.compile(r"https?://")
DURATION = re.compile(r"\btime\.(monotonic|perf_counter)|\.time\(\)")
SECRET = re.compile(r"\.get_secret_value\(")
MEASURED = {
    "billing/asking.py": "when the next request may be sent, on the event loop's own time",
    "billing/budget.py": "how late a request was after its moment, on the event loop's own time",
    "cli/progress.py": "shows how long a step takes",
    "gating/experiment_book.py": "how long what was read stands; injected, so tests move it",
    "gating/store.py": "how long memory may answer before it asks again; injected, so tests move it",
    "storage/liveness.py": "the event loop's own time, in which its deadlines are set",
    "storage/breaker.py": "how long a failing part is left alone; injected, so tests move it",
    "storage/embedded/": "waits for a server to start or stop",
    "twin/server.py": "the twin has a time of its own, which follows the machine's",
    "web/protocol.py": "how long a connection has been idle, on the event loop's own time",
    "web/requests.py": "how long an answer took, for its log line and histogram",
}
"""Where a duration is measured on the machine's clock, and what for."""
OPENERS_OF_SECRETS = ("app.py", "settings.py", "cli/", "tests/", "bench/", "checks/")


def silent_suppressions(sources: Iterable[Source]) -> Iterator[Finding]:
    for source, number, line in _python_lines(sources):
        if SUPPRESSION.search(line) and not REASON.search(line):
            yield Finding(source.path, number, "a suppression needs its reason on the line: `# noqa: S608 - why`")


def silent_skips(sources: Iterable[Source]) -> Iterator[Finding]:
    for source, number, line in _python_lines(sources):
        if SKIP.search(line) and not REASON.search(line):
            yield Finding(source.path, number, "a test that may not run needs its reason on the line: `# … - why`")


def patches(sources: Iterable[Source]) -> Iterator[Finding]:
    for source, number, line in _python_lines(sources):
        if PATCH.search(line):
            yield Finding(source.path, number, "nothing is patched: put a fake at the port")


def machine_paths(sources: Iterable[Source]) -> Iterator[Finding]:
    for source in sources:
        for number, line in enumerate(source.lines, 1):
            if MACHINE.search(line):
                yield Finding(source.path, number, "a path that exists on one machine only")


def locked_addresses(sources: Iterable[Source]) -> Iterator[Finding]:
    """A lock file names what to install, never where from: that is the installing machine's choice."""
    for source in sources:
        if source.path.endswith("package-lock.json"):
            lines = [(number, line) for number, line in enumerate(source.lines, 1) if '"resolved"' in line]
        elif source.path.endswith(".lock"):
            lines = list(enumerate(source.lines, 1))
        else:
            continue
        yield from (Finding(source.path, number, "an address") for number, line in lines if ADDRESS.search(line))


def unexplained_durations(sources: Iterable[Source]) -> Iterator[Finding]:
    for source, number, line in _python_lines(sources):
        if source.in_a_room and DURATION.search(line) and not source.path.startswith(tuple(MEASURED)):
            yield Finding(source.path, number, "time comes from a Clock")


def opened_secrets(sources: Iterable[Source]) -> Iterator[Finding]:
    for source, number, line in _python_lines(sources):
        if SECRET.search(line) and not source.path.startswith(OPENERS_OF_SECRETS):
            yield Finding(source.path, number, "a secret is opened only where adapters are built: app, settings, cli")


def _python_lines(sources: Iterable[Source]) -> Iterator[tuple[Source, int, str]]:
    for source in sources:
        if source.is_python:
            yield from ((source, number, line) for number, line in enumerate(source.lines, 1))
