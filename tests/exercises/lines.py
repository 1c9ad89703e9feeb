"""How many lines an exercise takes: `python -m tests.exercises.lines`.

Python, words and tests of each notebook, less blank lines: what somebody has to write and read.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kafkalab.learn import course
from kafkalab.learn.course import exercises_of, module_names

TESTS = Path(__file__).parent
COURSE = Path(course.__path__[0])


def lines(paths: Iterable[Path]) -> int:
    """Lines that are not blank."""
    return sum(
        bool(line.strip())
        for path in paths
        for line in path.read_text(encoding="utf-8").splitlines()
    )


def main() -> None:
    """Print a row for each notebook, and the mean."""
    total, exercises = 0, 0
    for stem in module_names():
        files = {
            "Python": list(COURSE.glob(f"{stem}.py")),
            "words": list(COURSE.glob(f"{stem}.md")),
            "tests": list(TESTS.glob(f"{stem[:4]}.py")),
        }
        count, sizes = len(exercises_of(stem[2:4])), {k: lines(v) for k, v in files.items()}
        told = ", ".join(f"{what} {size / count:.0f}" for what, size in sizes.items())
        print(f"{stem[2:4]}: {sum(sizes.values()) / count:.0f} lines an exercise ({told})")
        total, exercises = total + sum(sizes.values()), exercises + count
    print(f"all: {total / exercises:.0f} lines an exercise, {exercises} exercises")


if __name__ == "__main__":
    main()
