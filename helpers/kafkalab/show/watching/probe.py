"""What is asked for again and again: a group by a process of its own, a topic by a kept client."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from kafkalab.common.deadline import Deadline
from kafkalab.common.interrupts import own_group
from kafkalab.errors import KafkaLabError
from kafkalab.queries.clients import Setting
from kafkalab.queries.group_members import PROBE, Group, from_answer, question_line, told_by
from kafkalab.queries.topics import Address, Topic, connect, glance

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient

ANSWER_SECONDS = 1.5
"""A cluster that does not answer for so long is said to be silent."""

SETTLE_SECONDS = 5.0
"""How long a topic may take from its creation until it is known; a timeline waits rather than
begin with a state that the next run does not see."""


class Probe:
    """A process that is asked for a group again and again: to start one for each costs too much.

    `ask` returns within about 11 seconds, and at once when another thread calls `close`.

    Parameters
    ----------
    client_config : mapping
    group : str
    """

    def __init__(self, client_config: Mapping[str, Setting], group: str) -> None:
        self._group = group
        self._question = question_line(client_config, group)
        self._process: subprocess.Popen[str] | None = None
        self._closed = False
        self._lock = threading.Lock()

    def ask(self) -> Group | None:
        """The group as it is now, classic or consumer; None where the cluster does not answer.

        A group that is not there has the state DEAD.
        """
        try:
            process = self._running()
            if process is None or process.stdin is None or process.stdout is None:
                return None
            process.stdin.write(self._question)
            process.stdin.flush()
            answer = told_by(process.stdout.readline())
        except (OSError, ValueError):  # it has ended, was closed, or had no open file left
            return None
        return None if answer is None else from_answer(self._group, answer)

    def _running(self) -> subprocess.Popen[str] | None:
        with self._lock:
            if self._closed:
                return None
            if self._process is None or self._process.poll() is not None:
                self._discard()
                self._process = subprocess.Popen(
                    PROBE,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    text=True,
                    start_new_session=True,  # ■ signals the kernel's process group
                    creationflags=own_group(),
                )
            return self._process

    def close(self) -> None:
        """End the process; harmless when it has ended."""
        with self._lock:
            self._closed = True
            if self._process is not None:
                self._process.kill()

    def _discard(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def reap(self) -> None:
        """After `close`, by the thread that asks: wait for the process, and close its pipes."""
        with self._lock:
            self._discard()


def topic_asker(client_config: Mapping[str, Setting], topic: str) -> Callable[[], Topic | None]:
    """A question that keeps its client while it is answered: a new one each time costs more.

    The first answer is one of a topic that has settled: brokers hear of a new one a little later.
    """
    address = Address(dict(client_config))
    kept: list[tuple[AdminClient, list[str]]] = []
    settle = Deadline(SETTLE_SECONDS)
    settled = threading.Event()

    def ask() -> Topic | None:
        from confluent_kafka import KafkaException

        try:
            if not kept:
                kept.append(connect(address))
            admin, causes = kept[0]
            causes.clear()
            found = glance(admin, causes, topic, Deadline(ANSWER_SECONDS))
            while not settled.is_set() and not settle.passed and not _has_leaders(found):
                time.sleep(0.05)
                found = glance(admin, causes, topic, Deadline(ANSWER_SECONDS))
        except (KafkaLabError, KafkaException):  # the second where no client can be made
            kept.clear()
            return None
        settled.set()
        return found or Topic(topic, (), ())

    return ask


def _has_leaders(topic: Topic | None) -> bool:
    return topic is not None and all(p.leader is not None for p in topic.partitions)
