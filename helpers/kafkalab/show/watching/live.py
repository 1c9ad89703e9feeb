"""A picture of a log that moves while other cells run."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from kafkalab.common.deadline import Deadline, check_seconds
from kafkalab.common.words import clipped, printable
from kafkalab.errors import KafkaLabError
from kafkalab.queries.topics import Address
from kafkalab.show.canvas import svg
from kafkalab.show.canvas.picture import Picture
from kafkalab.show.canvas.shown import Shown
from kafkalab.show.drawings.log.picture import draw_log
from kafkalab.show.drawings.log.words import DRAWN_PARTITIONS
from kafkalab.show.facts.log import BUSY, OFTEN, Patience, TopicLog, collect_log, patience_with

if TYPE_CHECKING:
    from kafkalab.cluster.cluster import KafkaCluster

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
LONGEST_SECONDS = 3600.0
NAME = 60
AWAY = 2
"""After so many silent looks in a row somebody is away: on a busy machine one may come too late."""


class LiveView(Shown):
    """A log's picture in an output that moves, from `show.live` until `stop`.

    It is shown where it is the value of a cell's last line; every output that shows it moves.
    """

    def __init__(self, output: _Output) -> None:
        self._output = output

    def stop(self) -> Picture:
        """End it after a last look, and return the picture of its last state, as `show.log`'s."""
        self._output.finish()
        return draw_log(self._output.log)

    def picture(self) -> Picture:
        """The picture of what is known so far."""
        return self._output.picture

    def _ipython_display_(self) -> None:
        self._output.show()


def start_live(cluster: KafkaCluster, topic: str, group: str | None, seconds: float) -> LiveView:
    """Look once, and go on looking in the background."""
    check_seconds("seconds", seconds, fix='show.live(cluster, "orders", seconds=120)')
    address = Address(cluster.client_config)

    def look(patience: Patience) -> TopicLog:
        return collect_log(
            address, topic, group, drawn_partitions=DRAWN_PARTITIONS, patience=patience
        )

    def last(away: bool) -> Patience:
        """Who is away was waited for already; who runs will answer."""
        patience = patience_with(cluster)
        return OFTEN if away and patience is not BUSY else patience

    output = _Output(
        look,
        last,
        look(patience_with(cluster)),
        min(float(seconds), LONGEST_SECONDS),
        lambda: cluster.is_running,
    )
    cluster.ends_with(output)
    output.begin()
    return LiveView(output)


class _Output:
    """What is shown, and the thread that looks; goes on without the `LiveView`."""

    def __init__(
        self,
        look: Callable[[Patience], TopicLog],
        last: Callable[[bool], Patience],
        log: TopicLog,
        seconds: float,
        running: Callable[[], bool],
    ) -> None:
        self.log = log
        self._look = look
        self._last = last
        self._running = running
        self._deadline = Deadline(seconds)
        self._note = f"live, for {seconds:g} seconds"
        self._display_id = uuid.uuid4().hex
        self._shown = False
        self._silent_looks = AWAY if log.silent else 0
        self._over = threading.Event()
        self._lock = threading.RLock()
        self._thread = threading.Thread(target=self._run, daemon=True, name="kafkalab-live")
        self.picture = self._draw()

    def begin(self) -> None:
        self._thread.start()

    def show(self) -> None:
        with self._lock:
            self._shown = True
            self._publish(update=False)

    def finish(self) -> None:
        """A last look, then the end."""
        if self._over.is_set():
            return
        try:
            log = self._look(self._last(self._silent_looks >= AWAY))
        except KafkaLabError:  # what it shows is what is known
            log = self.log
        with self._lock:
            self._end("it was stopped", log)

    def stop(self) -> None:
        """The end, because the cluster is about to stop."""
        self._end("the cluster was stopped")

    def _run(self) -> None:
        try:
            while not self._over.wait(LOOK_SECONDS):
                if not self._running():
                    self._end("the cluster was stopped")
                elif self._deadline.passed:
                    self._end(f"{self._deadline.seconds:g} seconds are over")
                else:
                    self._refresh()
        except Exception:  # a thread's traceback would stand in whatever cell runs now
            logger.exception("a live view ended")
            self._over.set()

    def _refresh(self) -> None:
        try:
            log, trouble = self._look(OFTEN), ""
        except KafkaLabError as error:
            log, trouble = self.log, error.what
        self._silent_looks = self._silent_looks + 1 if trouble or log.silent else 0
        if 0 < self._silent_looks < AWAY:
            return  # the next one decides
        with self._lock:
            if not self._over.is_set():
                self._set(log, trouble or f"live, for {self._deadline.seconds:g} seconds")

    def _end(self, why: str, log: TopicLog | None = None) -> None:
        with self._lock:
            if not self._over.is_set():
                self._over.set()
                self._set(log or self.log, f"no longer live: {why}")

    def _set(self, log: TopicLog, note: str) -> None:
        if (log, note) == (self.log, self._note):
            return
        self.log, self._note = log, note
        self.picture = self._draw()
        if self._shown:
            self._publish(update=True)

    def _draw(self) -> Picture:
        drawn = draw_log(self.log, self._note)
        watched = f"topic {_name(self.log.topic.name)}"
        if self.log.group is not None:
            watched += f" and group {_name(self.log.group)}"
        text = f"Live view of {watched}\n{drawn.text}\n({self._note})"
        return replace(drawn, text=text, svg=svg.moving(drawn.svg))

    def _publish(self, *, update: bool) -> None:
        from IPython.display import publish_display_data

        publish_display_data(  # type: ignore[no-untyped-call]
            self.picture._repr_mimebundle_(),
            {},
            transient={"display_id": self._display_id},
            update=update,
        )


def _name(name: str) -> str:
    return clipped(printable(name.encode()), NAME)
