"""Watching a topic and a group while other cells run."""

from __future__ import annotations

import contextlib
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

from kafkalab.common.deadline import Deadline
from kafkalab.common.interrupts import is_press
from kafkalab.errors import KafkaLabError
from kafkalab.queries.clients import Setting
from kafkalab.queries.group_members import Group
from kafkalab.queries.topics import Topic, check_name
from kafkalab.show.canvas.picture import Picture
from kafkalab.show.canvas.shown import Shown
from kafkalab.show.facts.brokers import all_run
from kafkalab.show.facts.group import is_share_group
from kafkalab.show.facts.timeline import GroupLook, History, Mark, TopicLook
from kafkalab.show.watching.probe import Probe, topic_asker
from kafkalab.show.watching.watch import Watch

if TYPE_CHECKING:
    from kafkalab.cluster.cluster import KafkaCluster

TOPIC_SECONDS, GROUP_SECONDS = 0.25, 0.4
"""How often each is asked for."""

ANSWER_SECONDS = 30.0
"""How long the start, a mark and the end wait for a look that is answered, where every broker runs
(`all_run`). Else a silent one ends the wait."""

SHARE_SECONDS = 8.0
"""How long the official tool may take to say whether a group that nobody sees is a share group."""

LONGEST_SECONDS = 600.0
"""A timeline that nobody ends, marks or looks at ends itself after this."""


class Timeline(Shown):
    """What happens to a topic or group, from `show.timeline` until `stop`.

    Shows itself in a notebook as the picture of what is known so far. As a context manager it
    ends with its block. A cell that is run again, the cluster's stop, or ten minutes in which it
    is neither marked nor looked at end it too.
    """

    def __init__(self, record: _Record) -> None:
        self._record = record
        self._drawn: Picture | None = None
        weakref.finalize(self, record.stop)

    def mark(self, label: str) -> None:
        """Put a moment with a name into the chart.

        Waits for an answer of the cluster: what has happened before stands before it.

        Parameters
        ----------
        label : str
            Such as ``"broker 2 killed"``.
        """
        if not isinstance(label, str) or not label.strip():
            raise KafkaLabError(f"{label!r} is not a label.", fix='seen.mark("broker 2 killed")')
        self._record.mark(" ".join(label.split()))

    def stop(self) -> Picture:
        """End it, after a last look at the cluster, and return its picture."""
        self._record.finish()
        return self.picture()

    def picture(self) -> Picture:
        """The picture of what is known so far."""
        from kafkalab.show.drawings.timeline.picture import draw_timeline

        if self._drawn is not None:
            return self._drawn
        history, ended = self._record.history()
        picture = draw_timeline(history)
        if ended:
            self._drawn = picture
        return picture

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, KeyboardInterrupt) or (error is not None and is_press(error)):
            self._record.stop()  # ■ waits for nothing
        else:
            self._record.finish()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return self.picture()._repr_mimebundle_()


def start_timeline(cluster: KafkaCluster, topic: str | None, group: str | None) -> Timeline:
    """Begin to watch; returns once both have been looked at."""
    if topic is None and group is None:
        raise KafkaLabError(
            "A timeline needs something to watch.",
            fix='name a topic, a group or both: show.timeline(cluster, topic="orders")',
        )
    record = _Record(
        cluster.client_config,
        None if topic is None else check_name(topic, "topic"),
        None if group is None else check_name(group, "group"),
        running=lambda: cluster.is_running,
        all_run=lambda: all_run(cluster),
        is_share=lambda name: is_share_group(cluster, name, Deadline(SHARE_SECONDS)),
    )
    cluster.ends_with(record)
    try:
        record.begin()
    except BaseException:
        record.stop()
        raise
    return Timeline(record)


class _Record:
    """The looks of a timeline and the threads that take them; ends without the `Timeline`."""

    def __init__(
        self,
        client_config: Mapping[str, Setting],
        topic: str | None,
        group: str | None,
        *,
        running: Callable[[], bool],
        all_run: Callable[[], bool] = lambda: False,
        is_share: Callable[[str], bool | None] = lambda group: False,
    ) -> None:
        self._topic, self._group = topic, group
        self._is_share = is_share
        self._share: bool | None = None
        self._untold = False  # whether nobody could be asked if it is a share group
        self._running = running
        self._all_run = all_run
        self._start = time.monotonic()
        self._used = self._start
        self._ended: float | None = None
        self._note = ""
        self._lock = threading.RLock()
        self._marks: list[Mark] = []
        self._topics = Watch(
            None if topic is None else topic_asker(client_config, topic), TOPIC_SECONDS, self
        )
        self._probe = None if group is None else Probe(client_config, group)
        self._groups = Watch(
            None if self._probe is None else self._probe.ask,
            GROUP_SECONDS,
            self,
            close=self._close_probe,
        )

    @property
    def _watches(self) -> tuple[Watch[Topic], Watch[Group]]:
        return self._topics, self._groups

    @property
    def now(self) -> float:
        return time.monotonic() - self._start

    def begin(self) -> None:
        for watch in self._watches:
            watch.begin()
        deadline = Deadline(ANSWER_SECONDS)
        for watch in self._watches:
            watch.wait(1, deadline, self._patient)

    def _patient(self) -> bool:
        """Whether a cluster that did not answer is to be asked again."""
        return not self.over() and self._all_run()

    def over(self) -> bool:
        """Whether the threads are to end."""
        if self._ended is not None:
            return True
        if not self._running():
            self._end("")
        elif time.monotonic() - self._used > LONGEST_SECONDS:
            self._end(f"ended after {LONGEST_SECONDS / 60:g} minutes without a mark")
        return self._ended is not None

    def mark(self, label: str) -> None:
        self._used = time.monotonic()
        if self.over():
            return
        seconds, topic_looks, group_looks = self._fresh()
        with self._lock:
            self._marks.append(Mark(label, seconds, topic_looks, group_looks))

    def _fresh(self) -> tuple[float, int, int]:
        """Wait for answers to looks that were begun after this call.

        Returns
        -------
        tuple of float, int and int
            The moment, and how many looks at the topic and at the group there were until then.
        """
        deadline = Deadline(ANSWER_SECONDS)
        topic_look, group_look = (watch.ask() for watch in self._watches)
        # a group's coordinator may take seconds: what the topic does meanwhile comes after
        self._topics.wait(topic_look, deadline, self._patient)
        topic_looks, seconds = len(self._topics.looks), self.now
        self._groups.wait(group_look, deadline, self._patient)
        group_looks = self._groups.looks[:]
        if group_looks and (self._topic is None or group_looks[-1][1] is not None):
            seconds = max(seconds, group_looks[-1][0])
        return seconds, topic_looks, len(group_looks)

    def finish(self) -> None:
        """A last look, then the end."""
        try:
            if not self.over():
                self._fresh()
                self._ask_for_share_group()
        finally:
            self.stop()

    def stop(self) -> None:
        """The end; the threads are gone soon after."""
        self._end("")
        if self._probe is not None:
            self._probe.close()  # a question that is under way ends at once
        for watch in self._watches:
            watch.end()

    def _ask_for_share_group(self) -> None:
        """Of a group that nobody has seen: what looks at it knows nothing of share groups."""
        if self._group is None or self._share or not self._missing:
            return
        with contextlib.suppress(KafkaLabError):  # the cluster has just stopped
            self._share = self._is_share(self._group)
            self._untold = self._share is None

    @property
    def _missing(self) -> bool:
        """Whether all who answered said that there is no such group."""
        found = [found for _, found in self._groups.looks if found is not None]
        return bool(found) and all(group.state == "DEAD" for group in found)

    def _close_probe(self) -> None:
        if self._probe is not None:
            self._probe.close()
            self._probe.reap()

    def _end(self, note: str) -> None:
        with self._lock:
            if self._ended is None:
                self._ended, self._note = self.now, note

    def history(self) -> tuple[History, bool]:
        """What is known, and whether nothing will be added."""
        self._used = time.monotonic()
        if not self.over():
            self._fresh()
            if self._share is None:  # once; to ask takes a second
                self._ask_for_share_group()
        with self._lock:
            ended = self._ended
            unknown = self._untold and self._missing
            hidden = self._share or unknown
            return History(
                self._topic,
                self._group,
                self.now if ended is None else ended,
                [TopicLook(seconds, found) for seconds, found in self._topics.looks],
                [GroupLook(*look) for look in self._groups.looks if not hidden],
                list(self._marks),
                self._note,
                bool(self._share),
                unknown,
            ), ended is not None
