"""Orders to delete topics, given again where no broker answers."""

from __future__ import annotations

from concurrent.futures import Future, wait

from kafkalab.common.deadline import Deadline
from kafkalab.queries.topics import Connectable, connect

REQUEST_SECONDS = 10.0


def deletions(
    cluster: Connectable, names: list[str], deadline: Deadline
) -> dict[str, Future[None]]:
    """Ask the cluster to delete topics.

    A broker that is paused counts as alive until its session ends, and a client that picks it
    gets no answer: then a new client asks again. A topic that is gone by then is unknown.

    Returns
    -------
    dict of str to Future
        Each is done, or was not in time.
    """
    while True:
        admin, _ = connect(cluster)
        futures = admin.delete_topics(names, operation_timeout=5, request_timeout=REQUEST_SECONDS)
        wait(futures.values(), timeout=deadline.remaining)
        if deadline.passed or not any(map(_got_no_answer, futures.values())):
            return futures


def _got_no_answer(future: Future[None]) -> bool:
    from confluent_kafka import KafkaError, KafkaException

    error = future.exception(timeout=0)  # it is done
    return isinstance(error, KafkaException) and error.args[0].code() == KafkaError._TIMED_OUT
