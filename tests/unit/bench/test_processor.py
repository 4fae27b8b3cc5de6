"""Processor time is that of a whole tree, the ended children among it."""

import os
import subprocess
import sys

from bench.processor import processor_seconds

SPIN = "import time\nwhile time.process_time() < 0.3: pass\n"


def test_children_living_and_ended_are_counted() -> None:
    parent = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', sys.argv[1]], check=True)\n"
    living = (
        "child = subprocess.Popen([sys.executable, '-c', sys.argv[1] + 'print(1, flush=True); input()'])\nchild.wait()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", parent + living, SPIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as family:
        assert family.stdout is not None
        family.stdout.readline()
        assert 0.55 <= processor_seconds(family.pid) <= 1.5
        family.communicate(b"\n")


def test_a_process_that_is_gone_has_none() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    assert processor_seconds(ended.pid) == 0


def test_our_own_time_grows() -> None:
    before = processor_seconds(os.getpid())
    spent = os.times()
    while sum(os.times()[:2]) - sum(spent[:2]) < 0.05:
        pass
    assert processor_seconds(os.getpid()) - before >= 0.03
