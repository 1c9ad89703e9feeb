"""The failover section of the benchmark's page: counted, and kept when the rest is written."""

from __future__ import annotations

from benchmarks import failover, sections
from tests.failover import Tally

GOOD = (Tally(400, 400, 0, 0), Tally(20, 10, 10, 0), Tally(20, 10, 10, 0, unclean=1))
BAD = (Tally(400, 399, 1, 0), *GOOD[1:])


def test_section_counts_the_runs_that_held() -> None:
    runs = [failover.Run("process", 1, GOOD), failover.Run("docker", 1, BAD)]
    text = failover.section(runs, {"cores": "2"})
    assert "It was so in 1 of 2 runs." in text
    assert text.count("It was so in 2 of 2 runs.") == 2
    assert "| docker | 1 | 400 | 399 | 1 | 0 |" in text


def test_section_is_replaced_and_outlives_the_rest_of_the_page() -> None:
    first = failover.section([failover.Run("process", 1, GOOD)], {})
    second = failover.section([failover.Run("process", 2, GOOD)], {})
    page = sections.with_section("# Page\n", failover.NAME, first)
    page = sections.with_section(page, failover.NAME, second)
    assert page == f"# Page\n\n{second}"
    other = sections.marked("other", "a \\1 of another program")
    page = sections.with_section(page, "other", other)
    assert sections.with_section(page, failover.NAME, first) == f"# Page\n\n{first}\n{other}"
    assert sections.keep("# Written again\n", page) == f"# Written again\n\n{second}\n{other}"
    assert sections.keep("# Written again\n", "# Page\n") == "# Written again\n"
