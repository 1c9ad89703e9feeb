"""One look at a cluster: what a check asks is asked once, and by one client."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from kafkalab.common.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.learn.exercises.setting import LOOK_SECONDS, NoTopicError
from kafkalab.queries.group_members import Group, ask_group
from kafkalab.queries.groups import committed_offsets
from kafkalab.queries.records import COMMITTED, read_topic
from kafkalab.queries.topics import Connected, Topic, connect, describe_topic, list_all, no_answer

if TYPE_CHECKING:
    import pandas as pd
    from confluent_kafka.admin import ConfigEntry, ConfigResource

    from kafkalab.cluster.cluster import KafkaCluster

T = TypeVar("T")


class Look:
    """What the cluster says now, and what the learner has handed over.

    Each thing is asked when it is first wanted, and kept: all parts of a check see the same.

    Parameters
    ----------
    cluster : KafkaCluster
    answer : object
        None where the learner gave none.

    Attributes
    ----------
    deadline : Deadline
        When it ends: what has not been told by then is not known.
    """

    def __init__(self, cluster: KafkaCluster, answer: object = None) -> None:
        self.cluster = cluster
        self.answer = answer
        self.deadline = Deadline(LOOK_SECONDS)
        self._known: dict[object, Any] = {}

    @property
    def names(self) -> frozenset[str]:
        """Names of all topics."""
        return self._once("names", self._ask_names)

    def topic(self, name: str) -> Topic:
        """The topic with its leaders and offsets.

        Raises
        ------
        NoTopicError
            Where there is none.
        """
        self._must_exist(name)
        return self._once(
            ("topic", name), lambda: describe_topic(self._connected, name, self.deadline)
        )

    def ends(self, topic: str) -> dict[int, int]:
        """Partition → the offset after its last record; 0 where it is not known."""
        return {part.number: part.end or 0 for part in self.topic(topic).partitions}

    def records(self, topic: str, isolation: str = COMMITTED) -> pd.DataFrame:
        """All records of a topic, as `read_topic` gives them.

        Raises
        ------
        NoTopicError
            Where there is none.
        """
        self._must_exist(topic)
        what = ("records", topic, isolation)
        return self._once(what, lambda: self._ask_records(topic, isolation))

    def rows(self, topic: str, *fields: str) -> list[tuple[Any, ...]]:
        """Some columns of the topic's records, as plain tuples.

        A field is a column of `read_topic`; `timestamp` is in milliseconds, `headers` a tuple.
        """
        table = self.records(topic)
        columns = [_plain(field, table[field].tolist()) for field in fields]
        return list(zip(*columns, strict=True))

    def settings(self, topic: str) -> Mapping[str, str]:
        """A topic's settings in force, defaults included: name → value."""
        return {name: entry.value or "" for name, entry in self._entries(topic).items()}

    def own_settings(self, topic: str) -> Mapping[str, str]:
        """Those settings that are set on the topic itself, even to the default's value."""
        from confluent_kafka.admin import ConfigSource

        own = ConfigSource.DYNAMIC_TOPIC_CONFIG
        entries = self._entries(topic).items()
        # the client says that it gives a ConfigSource, and gives its number
        return {n: e.value or "" for n, e in entries if ConfigSource(e.source) is own}

    def broker_settings(self, node_id: int = 1) -> Mapping[str, str]:
        """A broker's settings in force, defaults included: name → value."""
        from confluent_kafka.admin import ConfigResource, ResourceType

        resource = ConfigResource(ResourceType.BROKER, str(node_id))
        found = self._once(("broker", node_id), lambda: self._ask_settings(resource))
        return {name: entry.value or "" for name, entry in found.items()}

    def committed(self, group: str, topic: str) -> Mapping[int, int]:
        """Partition → committed offset, where the group has committed one."""
        return self._once(("committed", group, topic), lambda: self._ask_committed(group, topic))

    def groups(self) -> tuple[str, ...]:
        """Names of all groups."""
        return self._once("groups", self._ask_groups)

    def group(self, name: str) -> Group:
        """Who is in the group, and how far it is."""
        config = self.cluster.client_config
        return self._once(("group", name), lambda: ask_group(config, name, self.deadline))

    def log(self, node_id: int = 1) -> str:
        """What the broker has written into its log."""
        return self._once(("log", node_id), lambda: str(self.cluster.logs(node_id)))

    # --- asking -----------------------------------------------------------------------------------

    @cached_property
    def _connected(self) -> Connected:
        return Connected(self.cluster.client_config, connect(self.cluster))

    def _once(self, what: object, ask: Callable[[], T]) -> T:
        if what not in self._known:
            self._known[what] = ask()
        found: T = self._known[what]
        return found

    def _must_exist(self, topic: str) -> None:
        if topic not in self.names:
            raise NoTopicError(topic)

    def _ask_names(self) -> frozenset[str]:
        return frozenset(topic.name for topic in list_all(self._connected, self.deadline)[1])

    def _ask_records(self, topic: str, isolation: str) -> pd.DataFrame:
        seconds = max(0.1, self.deadline.remaining)
        return read_topic(self._connected, topic, seconds, isolation=isolation)

    def _ask_committed(self, group: str, topic: str) -> Mapping[int, int]:
        partitions = [p.number for p in self.topic(topic).partitions]
        config = self.cluster.client_config
        found = committed_offsets(config, group, topic, partitions, self.deadline)
        if found is None:
            raise no_answer((), self.deadline)
        return found

    def _ask_groups(self) -> tuple[str, ...]:
        admin, _ = self._connected.client
        listed = self._outcome(admin.list_consumer_groups(), "to list the groups")
        return tuple(sorted(group.group_id for group in listed.valid))

    def _entries(self, topic: str) -> Mapping[str, ConfigEntry]:
        from confluent_kafka.admin import ConfigResource, ResourceType

        self._must_exist(topic)
        resource = ConfigResource(ResourceType.TOPIC, topic)
        return self._once(("settings", topic), lambda: self._ask_settings(resource))

    def _ask_settings(self, resource: ConfigResource) -> Mapping[str, ConfigEntry]:
        admin, _ = self._connected.client
        future = admin.describe_configs([resource], request_timeout=LOOK_SECONDS)[resource]
        tried = f"to read the settings of {resource.name}"
        found: Mapping[str, ConfigEntry] = self._outcome(future, tried, resource.name)
        return found

    def _outcome(self, future: Future[Any], tried: str, topic: str = "") -> Any:
        from confluent_kafka import KafkaError, KafkaException

        try:
            return future.result(timeout=max(0.1, self.deadline.remaining))
        except TimeoutError:
            reason = "no answer in time"
        except KafkaException as error:
            if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise NoTopicError(topic) from None
            reason = error.args[0].str()
        raise KafkaLabError(
            f"The check could not look at the cluster: {reason}",
            tried=tried,
            fix="look at which brokers run: cluster.brokers; then check again",
        )


def _plain(field: str, column: list[Any]) -> list[Any]:
    """A column as values that can be compared and counted."""
    if field == "timestamp":
        return [int(moment.timestamp() * 1000) for moment in column]
    if field == "headers":
        return [tuple((name, value) for name, value in headers) for headers in column]
    return column
