"""`python -m tests.twin.routes`: how often the contract suite asks each of the twin's routes, and which answer 501."""

import sys
from collections.abc import Mapping

from tests.twin.stage import SCENARIOS, twin_stage
from tests.twin.test_contract import PLAYS
from twin.api.routes import unimplemented_routes


def count_routes() -> Mapping[str, int]:
    """By implemented route, how many requests all scenarios together made to it."""
    with twin_stage() as stage:
        for play in SCENARIOS.values():
            play(stage)
        assert stage.twin is not None
        return stage.twin.twin.counted


def main() -> int:
    """1 where some route is asked by no scenario."""
    counted, missing = count_routes(), unimplemented_routes()
    lines = [f"{count:5} {name}" for name, count in sorted(counted.items())]
    asked = sum(counted.values())
    lines.append(f"{len(SCENARIOS)} scenarios of {len(PLAYS)} files ask {len(counted)} routes {asked} times")
    lines += [f"  501 {name}" for name in missing]
    lines.append(f"{len(missing)} routes answer 501")
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if 0 in counted.values() else 0


if __name__ == "__main__":
    sys.exit(main())
