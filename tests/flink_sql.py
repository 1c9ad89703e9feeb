"""A client of Flink's SQL gateway, and a query over Kafka whose results are known."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import requests
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from kafkalab import KafkaCluster, services
from kafkalab.common.deadline import Deadline

SECONDS = 120
USERS = 3


class SqlSession:
    """Tables and settings that statements make are its own."""

    def __init__(self, flink: services.Flink) -> None:
        self._gateway = flink.url
        handle = self._ask("POST", "/v1/sessions", {})["sessionHandle"]
        self._session = f"/v1/sessions/{handle}"

    def run(self, statement: str) -> list[list[Any]]:
        """All rows that a statement gives, such as the id of a job; it must come to an end."""
        begun = self._ask("POST", f"{self._session}/statements", {"statement": statement})
        operation = f"{self._session}/operations/{begun['operationHandle']}"
        place = f"{operation}/result/0?rowFormat=JSON"
        rows: list[list[Any]] = []

        def ended() -> bool:
            nonlocal place
            page = self._ask("GET", place)
            if page["resultType"] != "NOT_READY":
                rows.extend(row["fields"] for row in page["results"]["data"])
            place = page.get("nextResultUri") or place
            return bool(page["resultType"] == "EOS")

        assert Deadline(SECONDS).wait_for(ended), f"no end within {SECONDS} s: {statement}"
        self._ask("DELETE", f"{operation}/close")
        return rows

    def _ask(self, method: str, place: str, body: Any = None) -> Any:
        answer = requests.request(method, f"{self._gateway}{place}", json=body, timeout=SECONDS)
        told = answer.json()
        assert "errors" not in told, "\n".join(told["errors"])
        return told


class SqlTotals:
    """Clicks of three users, one each second, and a query that adds them up by the minute.

    Parameters
    ----------
    cluster : KafkaCluster
    prefix : str
        Of the two topics' names.
    """

    def __init__(self, cluster: KafkaCluster, prefix: str) -> None:
        self._client = cluster.client_config
        self._read, self._written = f"{prefix}-clicks", f"{prefix}-totals"
        topics = [NewTopic(name, 1, 1) for name in (self._read, self._written)]
        admin = AdminClient(self._client)
        for made in admin.create_topics(topics).values():
            made.result(timeout=60)
        self._consumer_config = {**self._client, "group.id": prefix, "enable.auto.commit": False}

    insert = """
        INSERT INTO totals
        SELECT window_start, `user`, SUM(amount)
        FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '1' MINUTE))
        GROUP BY window_start, window_end, `user`
    """

    def session(self, flink: services.Flink) -> SqlSession:
        """A session that has the tables."""
        session = SqlSession(flink)
        brokers = self._client["bootstrap.servers"]
        kafka = f"'connector'='kafka', 'format'='json', 'properties.bootstrap.servers'='{brokers}'"
        session.run(
            "CREATE TABLE clicks (`user` STRING, amount INT, ts TIMESTAMP(3), "
            f"WATERMARK FOR ts AS ts) WITH ({kafka}, 'topic'='{self._read}', "
            "'scan.startup.mode'='earliest-offset')"
        )
        session.run(
            "CREATE TABLE totals (`start` TIMESTAMP(3), `user` STRING, total INT) "
            f"WITH ({kafka}, 'topic'='{self._written}')"
        )
        return session

    def write(self, seconds: Iterable[int]) -> None:
        """The clicks of these seconds; a window is closed by the first click after it."""
        # a batch that is tried again would come after the next one, and its clicks too late
        producer = Producer({**self._client, "enable.idempotence": True})
        for second in seconds:
            click = {"user": _user(second), "amount": second, "ts": _time(second)}
            producer.produce(self._read, json.dumps(click))
        assert producer.flush(60) == 0

    def expected(self, windows: int) -> list[tuple[str, str, int]]:
        """What the first so many windows add up to."""
        added: Counter[tuple[str, str]] = Counter()
        for second in range(windows * 60):
            added[_time(second // 60 * 60), _user(second)] += second
        return sorted((start, user, total) for (start, user), total in added.items())

    def totals(self, windows: int) -> list[tuple[str, str, int]]:
        """What the query has written, once there are the rows of so many windows."""
        rows: list[tuple[str, str, int]] = []
        consumer = Consumer(self._consumer_config)
        consumer.assign([TopicPartition(self._written, 0, 0)])

        def all_there() -> bool:
            message = consumer.poll(0.5)
            if message is not None and message.error() is None:
                row = json.loads(message.value() or b"")
                rows.append((row["start"], row["user"], row["total"]))
            return len(rows) >= windows * USERS

        try:
            assert Deadline(SECONDS).wait_for(all_there), f"{len(rows)} rows: {rows}"
        finally:
            consumer.close()
        return sorted(rows)


def _user(second: int) -> str:
    return f"user {second % USERS}"


def _time(second: int) -> str:
    return str(datetime(2025, 1, 1) + timedelta(seconds=second))
