"""Scripted visitors over HTTP, hundreds: `visit(shop.url)` or `python -m demos.shop.visitors`."""

from __future__ import annotations

import argparse
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx

from demos.shop.schema import ACTIVITIES, VERSIONS
from demos.shop.scripts import Step, script
from kafkalab.errors import KafkaLabError

AT_ONCE = 8
"""How many visitors are on their way together."""
_ANSWER_SECONDS = 30
_TRY_AGAIN_SECONDS = 120
_FOR_NOW = (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE)


@dataclass(frozen=True)
class Visits:
    """What was accepted.

    Attributes
    ----------
    counts : mapping
        (activity, visitor) → events.
    seconds : float
    """

    counts: Mapping[tuple[str, str], int]
    seconds: float = field(compare=False)

    @property
    def by_activity(self) -> dict[str, int]:
        """Activity → events, all four activities."""
        found = Counter(dict.fromkeys(ACTIVITIES, 0))
        for (activity, _), events in self.counts.items():
            found[activity] += events
        return dict(found)

    @property
    def visitors(self) -> int:
        """How many visitors there were."""
        return len({visitor for _, visitor in self.counts})

    @property
    def events(self) -> int:
        """All events together."""
        return sum(self.counts.values())

    def __repr__(self) -> str:
        parts = ", ".join(f"{name} {number}" for name, number in self.by_activity.items())
        return f"{self.visitors} visitors, {self.events} events: {parts}"


def visit(
    url: str,
    visitors: int = 300,
    seed: int = 23,
    *,
    version: int = VERSIONS[-1],
    day: date | None = None,
    per_second: float | None = None,
    pages: bool = True,
) -> Visits:
    """Let visitors walk through the shop, and return what the collector has accepted of them.

    A beacon that is refused for want of room (503) or for haste (429) is sent again, after the time
    that the collector names; so every event is accepted in the end, once.

    Parameters
    ----------
    url : str
        The shop's address.
    visitors : int
    seed : int
        The same seed is the same people: the same ids, pages, events and event ids. Who sends them
        twice has duplicates, which `event_id` shows.
    version : int
        Of the events.
    day : date, optional
        Whose hours `client_time` spreads over, in UTC; by default it is the time of sending.
    per_second : float, optional
        How many pages are opened in a second, at most; by default as many as the machine can.
    pages : bool
        Whether the pages themselves are fetched, too.

    Raises
    ------
    KafkaLabError
        The shop does not answer, or refuses an event again and again.
    """
    walk = _Walk(url, version, day, per_second, pages)
    start = time.monotonic()
    walk.all([script(seed, number) for number in range(visitors)])
    return Visits(dict(walk.counts), time.monotonic() - start)


class _Walk:
    """All visitors of one call, some at once: each lane has a thread and a connection."""

    def __init__(
        self, url: str, version: int, day: date | None, per_second: float | None, pages: bool
    ) -> None:
        self._url = url.rstrip("/")
        self._version = version
        self._midnight = None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)
        self._pause = 0.0 if per_second is None else 1 / per_second
        self._pages = pages
        self._next = time.monotonic()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self.counts: Counter[tuple[str, str]] = Counter()

    def all(self, scripts: Sequence[Sequence[Step]]) -> None:
        coming = iter(scripts)
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="visitors") as pool:
            lanes = [pool.submit(self._lane, coming) for _ in range(AT_ONCE)]
            try:
                for lane in as_completed(lanes):
                    lane.result()
            finally:  # also where one has failed, and at the stop button
                self._ended.set()

    def _lane(self, coming: Iterator[Sequence[Step]]) -> None:
        with httpx.Client(base_url=self._url, timeout=_ANSWER_SECONDS, trust_env=False) as web:
            while not self._ended.is_set():
                with self._lock:
                    steps = next(coming, None)
                if steps is None:
                    return
                for step in steps:
                    self._wait_for_turn()
                    if self._ended.is_set():
                        return
                    self._open(web, step)

    def _wait_for_turn(self) -> None:
        """Wait until the rate allows one more page."""
        if self._pause:
            with self._lock:
                turn = max(self._next, time.monotonic())
                self._next = turn + self._pause
            self._ended.wait(turn - time.monotonic())

    def _open(self, web: httpx.Client, step: Step) -> None:
        events = [self._stamped(event, step) for event in step.events]
        try:
            if self._pages:
                web.get(step.path).raise_for_status()
            self._send(web, events)
        except httpx.HTTPError as error:
            raise KafkaLabError(
                f"The shop did not answer a visitor: {error or type(error).__name__}.",
                tried=f"to open {self._url}{step.path} and to report it",
                fix="read its log: print(shop.logs(last=20))",
            ) from error

    def _stamped(self, event: Mapping[str, Any], step: Step) -> dict[str, Any]:
        """The event with its version and its time."""
        midnight = self._midnight
        when = datetime.now(UTC) if midnight is None else midnight + timedelta(seconds=step.second)
        stamped = {"version": self._version, "client_time": when.isoformat(timespec="milliseconds")}
        if self._version == 1:
            event = {name: value for name, value in event.items() if name != "device"}
        return {**stamped, **event}

    def _send(self, web: httpx.Client, events: Sequence[Mapping[str, Any]]) -> None:
        """Send a beacon; what is refused for now is sent again, and nothing twice."""
        until = time.monotonic() + _TRY_AGAIN_SECONDS
        while events and not self._ended.is_set():
            answer = web.post("/collector/events", json=events)
            if answer.status_code not in _FOR_NOW or time.monotonic() > until:
                answer.raise_for_status()
            taken = answer.json()["accepted"]
            with self._lock:
                self.counts.update((e["activity"], e["visitor"]) for e in events[:taken])
            events = events[taken:]
            if events:
                self._ended.wait(float(answer.headers["Retry-After"]))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m demos.shop.visitors", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--visitors", type=int, default=300)
    parser.add_argument("--seed", type=int, default=23)
    parser.add_argument("--per-second", type=float, help="pages; by default no limit")
    parser.add_argument("--day", type=date.fromisoformat, help="such as 2026-11-27, in UTC")
    options = parser.parse_args()
    visits = visit(
        options.url,
        options.visitors,
        options.seed,
        day=options.day,
        per_second=options.per_second,
    )
    print(f"{visits} in {visits.seconds:.1f} s")


if __name__ == "__main__":
    main()
