"""`python -m tests.fault.figures [SCALE] [NAME ...]`: measures, and writes docs/fault-report.md.

SCALE is small, middle or full. With names (orders, kills, reads, redis, postgres, stripe, worker, pairs, crashes,
failovers, drifts) only those are measured, printed, and nothing is written.
"""

import asyncio
import os
import platform
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.fault.breakable import Breakable, start_breakable
from tests.fault.figures.measure import MEASUREMENTS
from tests.fault.figures.model import SCALES, Figure, Scale
from tests.fault.figures.report import NOT_MEASURED, report

REPORT = Path("docs/fault-report.md")


def main(scale_name: str = "small", *names: str) -> None:
    scale, chosen = SCALES[scale_name], names or tuple(MEASUREMENTS)
    figures: list[Figure] = []
    load = os.getloadavg()
    started = time.monotonic()
    for name in chosen:
        figures += measure(name, scale)
        if not names:
            REPORT.write_text(report([*figures, *NOT_MEASURED], scale, machine(load), time.monotonic() - started))
    print(report(figures, scale, machine(load), time.monotonic() - started))  # noqa: T201 - its purpose


def measure(name: str, scale: Scale) -> list[Figure]:
    """On servers of its own. What cannot be measured is a figure that says so."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-test-") as folder:
        breakable = start_breakable(Path(folder) / "data")
        try:
            return asyncio.run(_measure(name, breakable, scale))
        except Exception as fault:  # noqa: BLE001 - one measurement that fails must not lose the others
            traceback.print_exc()
            failed = f"failed: {type(fault).__name__} {fault}, in at most {scale.longest_seconds:.0f} s"
            return [Figure(name, "measured to its end", failed, False)]
        finally:
            breakable.close()


async def _measure(name: str, breakable: Breakable, scale: Scale) -> list[Figure]:
    async with asyncio.timeout(scale.longest_seconds):
        return await MEASUREMENTS[name](breakable, scale)


def machine(load: tuple[float, float, float]) -> str:
    cores, version = os.cpu_count(), platform.python_version()
    return f"{platform.system()}, {cores} cores, load {load[0]:.1f} at the start, Python {version}"


if __name__ == "__main__":
    main(*sys.argv[1:])
