"""A program that uses so much CPU time and no more, and ends by itself.

`python -m demos.metrics.burner MARK PROCS CORES SECONDS`
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from demos.metrics.procs import enlist

STEP = 0.005
"""Seconds between two looks at the clock."""


def burn(cores: float, seconds: float) -> None:
    """Use `cores` of a core for so long: less CPU than a busy machine gives to anybody.

    What it misses while others have the CPU it catches up with, so that it has used as much in the
    end wherever it runs.
    """
    begun, used = time.monotonic(), time.process_time()
    while (passed := time.monotonic() - begun) < seconds:
        if time.process_time() - used >= cores * passed:
            time.sleep(STEP)


def main(arguments: list[str]) -> None:
    _, procs, cores, seconds = arguments
    enlist(Path(procs), "burner")
    burn(float(cores), float(seconds))


if __name__ == "__main__":
    main(sys.argv[1:])
