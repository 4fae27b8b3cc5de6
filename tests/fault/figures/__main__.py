"""`python -m tests.fault.figures [SCALE] [NAME ...]`: measures, and writes docs/fault-report.md.

SCALE is small, middle or full. NAME is a measurement, or the beginning of several: `shuffles`, `kills`, `redis`; all
without any. Each is written as soon as it is measured, and the others stay on the page as they were, so that the hours
of the full scale may be spread over as many runs as one likes.
"""

import asyncio
import os
import platform
import sys
import time
import traceback
from pathlib import Path

from tests.fault.breakable import Breakable, start_breakable
from tests.fault.figures.measure import MEASUREMENTS
from tests.fault.figures.model import SCALES, Figure, Scale
from tests.fault.figures.report import page_of, read_rows, rows_of
from tests.parts import folder_for_parts

REPORT = Path("docs/fault-report.md")
IN_MEMORY = ("shuffles", "core", "bursts", "kills", "drifts")
"""Measurements in which no server is broken and nothing timed: their servers' files need no disk."""


def main(scale_name: str = "small", *names: str) -> None:
    chosen = [name for name in MEASUREMENTS if not names or name.startswith(names)]
    if scale_name not in SCALES or not chosen:
        sys.exit(f"scales: {', '.join(SCALES)}; measurements: {', '.join(MEASUREMENTS)}")
    for name in chosen:
        load, began = os.getloadavg()[0], time.monotonic()
        figures = measure(name, SCALES[scale_name])
        rows = rows_of(name, figures, f"{scale_name}, {time.monotonic() - began:.0f} s, load {load:.1f}")
        REPORT.write_text(page_of(read_rows(REPORT.read_text()) | {name: rows}, [*MEASUREMENTS], machine()))
        print(*rows, sep="\n", flush=True)  # noqa: T201 - its purpose


def measure(name: str, scale: Scale) -> list[Figure]:
    """On servers of its own. What cannot be measured is a figure that says so."""
    with folder_for_parts(on_disk=not name.startswith(IN_MEMORY)) as folder:
        breakable = start_breakable(folder / "data")
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


def machine() -> str:
    return f"{platform.system()}, {os.cpu_count()} cores, Python {platform.python_version()}"


if __name__ == "__main__":
    main(*sys.argv[1:])
