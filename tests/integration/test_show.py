"""Pictures of real clusters."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from kafkalab import KafkaCluster, KafkaLabError, show, wait_until
from kafkalab.common.deadline import Deadline
from kafkalab.queries.groups import committed_offsets
from kafkalab.show.canvas.picture import Picture
from kafkalab.show.facts.brokers import CONTROLLER_SECONDS
from kafkalab.show.facts.group import BUSY_SECONDS, BUSY_TOOL_SECONDS, SECONDS, TOOL_SECONDS
from kafkalab.show.facts.log import collect_log

pytestmark = pytest.mark.beside_kafka

NO_PICTURE_TAKES_LONGER = 10.0
WHERE_ALL_RUN = 60.0
OF_A_GROUP = BUSY_SECONDS + BUSY_TOOL_SECONDS
SLACK = 5.0  # for a machine that others use too


def new_topic(
    cluster: KafkaCluster, partitions: int = 1, assignment: list[list[int]] | None = None
) -> str:
    name = f"show-{uuid.uuid4().hex[:8]}"
    placed = NewTopic(name, replica_assignment=assignment, num_partitions=len(assignment or []))
    topic = NewTopic(name, partitions) if assignment is None else placed
    admin = AdminClient(cluster.client_config)
    admin.create_topics([topic])[name].result(30)
    return name


def write(
    cluster: KafkaCluster, topic: str, keys: Iterable[str | None], partition: int = 0
) -> None:
    # without it, a batch that is tried again comes after the next one
    producer = Producer({**cluster.client_config, "enable.idempotence": True})
    for key in keys:
        producer.produce(topic, b"v", key, partition=partition)
    assert producer.flush(30) == 0


def commit(cluster: KafkaCluster, group: str, topic: str, offset: int, partition: int = 0) -> None:
    consumer = Consumer({**cluster.client_config, "group.id": group})
    consumer.commit(offsets=[TopicPartition(topic, partition, offset)], asynchronous=False)
    consumer.close()


def in_time(draw: Callable[[], Picture], most: float = NO_PICTURE_TAKES_LONGER) -> Picture:
    before = time.monotonic()
    picture = draw()
    assert time.monotonic() - before < most + SLACK
    assert not any(sign in picture.text for sign in ("127.0.0.1", "localhost"))
    return picture


def test_log_of_a_topic_that_was_made_this_moment(cluster: KafkaCluster) -> None:
    topic = new_topic(cluster, 3)
    picture = in_time(lambda: show.log(cluster, topic), WHERE_ALL_RUN)
    assert picture.text == (
        f"Log of topic {topic}: 3 partitions, no records\n"
        "partition 0: end 0\npartition 1: end 0\npartition 2: end 0"
    )


def test_many_partitions_that_were_made_this_moment(cluster: KafkaCluster) -> None:
    """Their leaders answer at once, and learn only gradually that they lead."""
    topic = new_topic(cluster, 300)
    admin = AdminClient(cluster.client_config)
    try:
        picture = in_time(lambda: show.topic(cluster, topic), WHERE_ALL_RUN)
    finally:
        admin.delete_topics([topic])[topic].result(30)
    assert "300 partitions" in picture.text
    assert "does not answer" not in picture.text
    unknown = picture.frame.records.isna().sum()
    assert ("not settled yet" in picture.text) == bool(unknown)


def test_log_with_a_group(cluster: KafkaCluster) -> None:
    topic = new_topic(cluster, 2)
    write(cluster, topic, ["ada", "bob", None])
    commit(cluster, f"g-{topic}", topic, 1)
    picture = show.log(cluster, topic, group=f"g-{topic}")
    words = f"partition 0: 0 ada | [g-{topic}] 1 bob | 2 (v) | end 3, lag 2"
    assert words in picture.text, picture.text
    assert "partition 1: end 0, nothing committed" in picture.text
    assert picture.frame.lag.tolist()[0] == 2
    again = show.log(cluster, topic, group=f"g-{topic}")
    assert again == picture
    assert again._repr_mimebundle_() == picture._repr_mimebundle_()


def test_committed_past_the_end(cluster: KafkaCluster) -> None:
    """A consumer may commit what is not there; a topic that was created again leaves the same."""
    topic = new_topic(cluster)
    group = f"g-{topic}"
    write(cluster, topic, ["ada"])
    commit(cluster, group, topic, 7)
    log = in_time(lambda: show.log(cluster, topic, group=group), WHERE_ALL_RUN)
    assert f"group {group} is past the end\n" in log.text.replace("\n    ", " ")
    assert "end 1, past the end, committed 7" in log.text
    held = in_time(lambda: show.group(cluster, group), WHERE_ALL_RUN)
    assert "no members, 1 partition, past the end on 1 partition" in " ".join(held.text.split())
    with show.timeline(cluster, topic=topic, group=group) as seen:
        pass
    assert "group: no members, past the end on 1 partition" in seen.text
    for picture in (log, held):
        assert "caught up" not in picture.text + picture.svg
        assert picture.frame.lag.isna().all()


def test_ends_are_no_older_than_what_is_committed(
    cluster: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who reads and commits while the picture looks is not past the end."""
    topic = new_topic(cluster)
    group = f"g-{topic}"
    write(cluster, topic, ["ada"])
    ask = committed_offsets

    def meanwhile(*args: Any) -> object:
        write(cluster, topic, ["bob"])
        commit(cluster, group, topic, 2)
        return ask(*args)

    monkeypatch.setattr("kafkalab.show.facts.log.committed_offsets", meanwhile)
    assert f"group {group} is caught up" in show.log(cluster, topic, group=group).text


def test_log_of_an_unknown_group(cluster: KafkaCluster) -> None:
    topic = new_topic(cluster)
    write(cluster, topic, ["ada"])
    picture = in_time(lambda: show.log(cluster, topic, group="never-seen"), WHERE_ALL_RUN)
    assert "group never-seen has committed nothing here yet" in picture.text


def test_long_log_is_sampled(cluster: KafkaCluster) -> None:
    topic = new_topic(cluster)
    write(cluster, topic, (f"k{i % 3}" for i in range(10_000)))
    commit(cluster, f"g-{topic}", topic, 5_000)
    log = collect_log(cluster, topic, f"g-{topic}", drawn_partitions=12)
    assert [record.offset for record in log.logs[0].records] == [
        *range(3), *range(4997, 5003), *range(9988, 10_000)
    ]  # fmt: skip
    picture = show.log(cluster, topic, group=f"g-{topic}")
    assert "10,000 records" in picture.text
    assert f"[g-{topic}] 5000 k2" in picture.text


def test_log_of_many_partitions(cluster: KafkaCluster) -> None:
    topic = new_topic(cluster, 100)
    write(cluster, topic, ["ada"] * 30, partition=3)
    picture = in_time(lambda: show.log(cluster, topic, group=f"g-{topic}"), WHERE_ALL_RUN)
    assert "not drawn: partitions 12–99 with no records" in picture.text  # noqa: RUF001
    assert len(picture.frame) == 100
    assert picture.frame.records.sum() == 30
    producer = Producer({**cluster.client_config, "enable.idempotence": True})
    for number in range(9_970):
        producer.produce(topic, b"v", f"k{number % 7}", partition=number % 100)
        producer.poll(0)
    assert producer.flush(30) == 0
    for draw in (show.log, show.topic):
        picture = in_time(lambda draw=draw: draw(cluster, topic), WHERE_ALL_RUN)  # type: ignore[misc]
        assert "100 partitions" in picture.text
        assert "10,000 records" in picture.text
        assert "not drawn" in picture.text
        assert picture.frame.records.sum() == 10_000
    leads = brokers_told(cluster).frame.leads
    assert leads[0] >= 100


def test_log_with_transactions(cluster: KafkaCluster) -> None:
    topic = new_topic(cluster)
    producer = Producer({**cluster.client_config, "transactional.id": topic})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(topic, b"v", "ada")
    producer.commit_transaction(30)
    producer.begin_transaction()
    producer.produce(topic, b"v", "bob")
    assert producer.flush(30) == 0
    picture = in_time(lambda: show.log(cluster, topic), WHERE_ALL_RUN)
    assert "partition 0: 0 ada | 1 … no record | 2 … open | end 3" in picture.text
    producer.abort_transaction(30)
    after = "0 ada | 1–3 … no records | end 4"  # noqa: RUF001
    # the marker is written after the coordinator has answered
    wait_until("the marker is written", lambda: after in show.log(cluster, topic).text, 30)
    assert "1 record\n" in show.log(cluster, topic).text


def test_expired_records(cluster: KafkaCluster) -> None:
    topic = new_topic(cluster)
    write(cluster, topic, ["ada"] * 5)
    admin = AdminClient(cluster.client_config)
    offset = TopicPartition(topic, 0, 3)
    admin.delete_records([offset])[offset].result(30)
    assert "partition 0: 0–2 expired | 3 ada | 4 ada | end 5" in show.log(cluster, topic).text  # noqa: RUF001


def test_topic(cluster: KafkaCluster) -> None:
    topic = new_topic(cluster, 2)
    write(cluster, topic, ["ada"] * 5, partition=1)
    picture = in_time(lambda: show.topic(cluster, topic), WHERE_ALL_RUN)
    assert picture.text == (
        f"Topic {topic}: 2 partitions, 1 replica each, 5 records\n"
        "partition  leader  replicas  in sync  offsets  records\n"
        "        0  1       1         1        –              0\n"  # noqa: RUF001
        "        1  1       1         1        0–4            5"  # noqa: RUF001
    )
    assert picture.frame.records.tolist() == [0, 5]


@pytest.mark.parametrize("draw", [show.log, show.topic])
def test_missing_topic(cluster: KafkaCluster, draw: Callable[..., Picture]) -> None:
    before = time.monotonic()
    with pytest.raises(KafkaLabError, match="There is no topic 'nowhere'") as missing:
        draw(cluster, "nowhere")
    assert missing.value.fix.startswith("run the cell that creates it, or writes its first record")
    assert time.monotonic() - before < WHERE_ALL_RUN + SLACK
    assert "nowhere" not in AdminClient(cluster.client_config).list_topics(timeout=60).topics


def test_group_that_is_no_name(cluster: KafkaCluster) -> None:
    with pytest.raises(KafkaLabError, match="not the name of a group"):
        show.log(cluster, new_topic(cluster), group="")


def member(cluster: KafkaCluster, group: str, topic: str, protocol: str, name: str) -> Consumer:
    consumer = Consumer(
        {
            **cluster.client_config,
            "group.id": group,
            "group.protocol": protocol,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "client.id": name,
        }
    )
    consumer.subscribe([topic])
    return consumer


def shown(
    cluster: KafkaCluster, group: str, wanted: str, polled: Iterable[Consumer] = ()
) -> Picture:
    """The group's picture once it says `wanted`, while `polled` go on reading."""
    deadline = Deadline(2 * OF_A_GROUP)
    picture = None
    while picture is None or wanted not in picture.text:
        assert not deadline.passed, picture
        for consumer in polled:
            consumer.poll(0.1)
        with contextlib.suppress(KafkaLabError):  # nobody has joined yet
            picture = in_time(lambda: show.group(cluster, group), OF_A_GROUP)
    return picture


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_group_before_while_and_after_it_rebalances(cluster: KafkaCluster, protocol: str) -> None:
    topic = new_topic(cluster, 2)
    group = f"g-{protocol}-{topic}"
    write(cluster, topic, ["ada"] * 5, partition=0)
    with contextlib.ExitStack() as stack:
        first = member(cluster, group, topic, protocol, "reader-a")
        stack.callback(first.close)
        picture = shown(cluster, group, f"member 1 (reader-a) reads {topic} 0–1", [first])  # noqa: RUF001
        assert picture.text.startswith(f"{protocol.capitalize()} group {group}: 1 member, stable")
        first.commit(offsets=[TopicPartition(topic, 0, 2)], asynchronous=False)
        assert show.group(cluster, group).frame.lag[0] == 3
        assert show.group(cluster, group) == show.group(cluster, group)
        second = member(cluster, group, topic, protocol, "reader-b")
        stack.callback(second.close)
        # the first does not poll: it cannot give anything up
        shown(cluster, group, "rebalancing", [second])
        settled = shown(cluster, group, "2 members, stable", [first, second])
        assert sorted(settled.frame.member) == [1, 2]
    empty = shown(cluster, group, "no members")
    assert empty.frame.lag[0] == 3


def test_share_group(cluster: KafkaCluster) -> None:
    topic = new_topic(cluster, 2)
    group = f"share-{topic}"
    line = f"bin/kafka-console-share-consumer.sh --topic {topic} --group {group}"
    tool = cluster.console(line, background=True, quiet=True)
    deadline = Deadline(2 * OF_A_GROUP)
    picture = None
    while picture is None or "reads" not in picture.text or "nothing" in picture.text:
        assert not deadline.passed
        with contextlib.suppress(KafkaLabError):
            picture = in_time(lambda: show.group(cluster, group), OF_A_GROUP)
    tool.stop()
    assert picture.text.startswith(f"Share group {group}: 1 member")
    assert f"reads {topic} 0–1" in picture.text  # noqa: RUF001
    assert picture.frame.member.tolist() == [1, 1]


def test_missing_group(cluster: KafkaCluster) -> None:
    before = time.monotonic()
    with pytest.raises(KafkaLabError, match=r"There is no .*group 'nobody'"):
        show.group(cluster, "nobody")
    assert time.monotonic() - before < OF_A_GROUP + SLACK
    with pytest.raises(KafkaLabError, match="not the name of a group"):
        show.group(cluster, "")


def test_group_of_a_hundred_partitions(cluster: KafkaCluster) -> None:
    topic = new_topic(cluster, 100)
    group = f"g-{topic}"
    # an offset of a partition that the coordinator does not know yet is refused
    wait_until("it is known", lambda: show.topic(cluster, topic).frame.records.notna().all())
    consumer = Consumer({**cluster.client_config, "group.id": group})
    offsets = [TopicPartition(topic, n, 0) for n in range(100)]
    consumer.commit(offsets=offsets, asynchronous=False)
    consumer.close()
    picture = in_time(lambda: show.group(cluster, group), WHERE_ALL_RUN)
    assert "not drawn: 76 partitions more, caught up" in picture.text
    assert len(picture.frame) == 100


def test_brokers(cluster: KafkaCluster) -> None:
    topic = new_topic(cluster, 2)
    admin = AdminClient(cluster.client_config)
    # a broker that has just made a hundred partitions for another test hears of it late
    assert Deadline(60).wait_for(lambda: topic in admin.list_topics(timeout=60).topics)
    picture = brokers_told(cluster)
    assert picture.text.startswith("Kafka cluster of 1 broker: broker 1 is the active controller")
    assert picture.frame.controller.tolist() == [True]
    assert picture.frame.leads[0] >= 2
    assert topic in AdminClient(cluster.client_config).list_topics(timeout=60).topics


def brokers_told(cluster: KafkaCluster) -> Picture:
    """With the controller and the topics: an election or a busy machine takes a while."""
    deadline = Deadline(4 * CONTROLLER_SECONDS)
    while True:
        picture = in_time(lambda: show.brokers(cluster), CONTROLLER_SECONDS)
        if picture.frame[["controller", "leads"]].notna().all(axis=None):
            return picture
        assert not deadline.passed, picture.text


def test_controller_after_one_that_is_silent() -> None:
    with KafkaCluster(3, backend="process", name="test-silent") as cluster:
        first = controller_of(cluster)
        cluster.pause_broker(first)
        assert controller_of(cluster) != first


def controller_of(cluster: KafkaCluster) -> int:
    frame = brokers_told(cluster).frame
    return int(frame.broker[frame.controller].item())


def test_brokers_of_a_cluster_that_loses_its_majority() -> None:
    with KafkaCluster(3, backend="process", name="test-show-brokers") as cluster:
        assert "no topics yet" in brokers_told(cluster).text
        new_topic(cluster, assignment=[[1, 2], [2, 3], [3, 1]])
        cluster.kill_broker(3)
        picture = in_time(lambda: show.brokers(cluster), CONTROLLER_SECONDS)
        assert picture.text.startswith("Kafka cluster of 3 brokers, 2 running: ")
        assert "stopped" in picture.text
        before = time.monotonic()
        with contextlib.suppress(KafkaLabError):
            show.group(cluster, "nobody")
        assert time.monotonic() - before < SECONDS + TOOL_SECONDS + SLACK
        cluster.pause_broker(2)
        picture = in_time(lambda: show.brokers(cluster), CONTROLLER_SECONDS)
        assert "no controller: 1 of 3 run, 2 are needed, leaders as last known" in picture.svg
        cluster.pause_broker(1)
        assert (
            "no broker answers" in in_time(lambda: show.brokers(cluster), CONTROLLER_SECONDS).text
        )
    with pytest.raises(KafkaLabError, match="stopped"):
        show.brokers(cluster)


def tells_who_is_away(picture: Picture, broker: int, partition: int) -> bool:
    """Until the controller takes the leader away, it is silent; then there is none."""
    words = " ".join(picture.text.split())
    said = (
        f"broker {broker} leads partition {partition} and does not answer",
        f"partition {partition} has no leader",
    )
    return any(each in words for each in said)


def test_brokers_that_die() -> None:
    with KafkaCluster(3, backend="process", name="test-show") as cluster:
        topic = new_topic(cluster, assignment=[[1], [2], [3]])
        alone = new_topic(cluster, assignment=[[3]])
        for partition in range(3):
            write(cluster, topic, ["ada"] * 4, partition)
        assert "partition 2 (leader: broker 3): 0 ada" in show.log(cluster, topic).text
        cluster.kill_broker(3)
        spent = time.process_time()
        for picture in (
            in_time(lambda: show.log(cluster, topic, group="g")),
            in_time(lambda: show.topic(cluster, topic)),
        ):
            assert "8 records, 1 partition unknown" in picture.text
            assert picture.frame.end.isna().tolist() == [False, False, True]
            assert tells_who_is_away(picture, broker=3, partition=2)
        assert time.process_time() - spent < 2.0  # it once kept a processor busy, 4 seconds each
        for picture in (
            in_time(lambda: show.log(cluster, alone)),
            in_time(lambda: show.topic(cluster, alone)),
        ):
            assert "an unknown number of records" in picture.text
            assert tells_who_is_away(picture, broker=3, partition=0)
        cluster.pause_broker(1)
        for picture in (
            in_time(lambda: show.log(cluster, topic, group="g")),
            in_time(lambda: show.topic(cluster, topic)),
        ):
            assert "4 records, 2 partitions unknown" in picture.text
            assert tells_who_is_away(picture, broker=1, partition=0)
        cluster.pause_broker(2)
        for draw in (show.log, show.topic):
            before = time.monotonic()
            with pytest.raises(KafkaLabError, match="did not answer"):
                draw(cluster, topic)
            assert time.monotonic() - before < NO_PICTURE_TAKES_LONGER + SLACK
    with pytest.raises(KafkaLabError, match="stopped"):
        show.topic(cluster, topic)


def test_a_pipeline_as_the_cluster_knows_it(cluster: KafkaCluster) -> None:
    raw, clean = new_topic(cluster, 2), new_topic(cluster)
    group, later = f"g-{raw}", f"later-{raw}"
    write(cluster, raw, ["ada", "bob", "cho"])
    write(cluster, clean, ["ada"])
    commit(cluster, group, raw, 1)
    asked = {group: [clean], later: ["nothing-yet"]}
    picture = in_time(lambda: show.pipeline(cluster, asked))
    facts = [(does, topic, *rest) for _, _, does, topic, *rest in picture.rows]
    assert facts == [
        ("reads", raw, 2, 3, 2),
        ("writes", clean, 1, 1, None),
        ("writes", "nothing-yet", 0, None, None),
    ]
    assert "no such group" in picture.text
    assert "no such topic" in picture.text
    assert show.pipeline(cluster, asked) == picture


def test_a_pipeline_with_a_member_and_a_changelog(cluster: KafkaCluster) -> None:
    raw = new_topic(cluster)
    group = f"g-{raw}"
    changelog = f"changelog__{group}--{raw}--default"
    admin = AdminClient(cluster.client_config)
    admin.create_topics([NewTopic(changelog, 1)])[changelog].result(30)
    write(cluster, raw, ["ada"])
    write(cluster, changelog, ["ada", "ada"])
    with Consumer({**cluster.client_config, "group.id": group}) as reader:
        reader.subscribe([raw, changelog])  # as quixstreams does

        def joined() -> bool:
            reader.poll(0.2)
            return len(reader.assignment()) == 2

        wait_until("it is a member", joined)
        picture = in_time(lambda: show.pipeline(cluster, {group: []}))
    rows = picture.frame[["does", "topic", "members", "records"]].values.tolist()
    assert rows == [["reads", raw, 1, 1], ["keeps", changelog, 1, 2]]
    assert "runs, 1 member" in picture.text
