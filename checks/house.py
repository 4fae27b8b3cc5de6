"""Every house check by name, with what to do about a finding."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from checks import chains, rooms, shape, wording
from checks.lock import stale_lock
from checks.model import Finding, Source

HouseCheck = Callable[[Iterable[Source]], Iterator[Finding]]


@dataclass(frozen=True)
class Rule:
    name: str
    find: HouseCheck
    remedy: str


RULES = (
    Rule("file length", shape.long_files, "cut the file along the nouns in it"),
    Rule("function length", shape.long_functions, "name the steps and give each a function"),
    Rule("names", shape.vague_names, "rename the file after what it holds"),
    Rule("package headings", shape.headings, "say in the docstring what the package owns and what it does not"),
    Rule("suppressions", wording.silent_suppressions, "mend the code, or give the reason after ` - `"),
    Rule("skips", wording.silent_skips, "make the test run, or give the reason after ` - `"),
    Rule("patching", wording.patches, "declare a port and put a fake there"),
    Rule("machine paths", wording.machine_paths, "use a path relative to the project, or a setting"),
    Rule("lock addresses", wording.locked_addresses, "lock without addresses (--no-emit-index-url, npm's omit-…)"),
    Rule(
        "durations",
        wording.unexplained_durations,
        "take the time from a Clock, or add the place and its reason to MEASURED",
    ),
    Rule("secrets", wording.opened_secrets, "open it in app.py and pass on what was built from it"),
    Rule("rooms", rooms.unknown_rooms, "add the room to root_packages and layers in pyproject.toml"),
    Rule("lone modules", rooms.lone_modules, "move what it needs into it, or its caller up"),
    Rule("outsiders", rooms.outsiders, "a room stands without tests, bench and checks"),
    Rule("technologies", rooms.spread_technologies, "import it in the adapter named after it, behind a port"),
    Rule("taken names", rooms.taken_names, "rename the room"),
    Rule("import chains", chains.long_chains, "let the middle of the chain go, or join two of its links"),
    Rule("lock", stale_lock, "recompile requirements.lock, see its first lines"),
)


def run_rule(rule: Rule, sources: Iterable[Source]) -> list[str]:
    return [str(finding) for finding in sorted(rule.find(sources))]
