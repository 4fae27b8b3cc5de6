"""A catalogue's fingerprint is the same in every process."""

import os
import subprocess
import sys

PRINT = """
from pathlib import Path
from billing.catalogue import load_catalogue
from billing.versions import fingerprint_of
print(fingerprint_of(load_catalogue(Path("catalogue.yaml"))))
"""


def test_it_does_not_depend_on_the_order_in_which_a_process_keeps_its_sets() -> None:
    """Else a worker would refuse the catalogue that is in force."""
    seen = set[str]()
    for seed in range(6):
        environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
        seen.add(subprocess.check_output([sys.executable, "-c", PRINT], env=environment, text=True))
    assert len(seen) == 1
