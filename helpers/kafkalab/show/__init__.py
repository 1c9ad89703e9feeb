"""Pictures of the live cluster, each with a text form and the same facts as a DataFrame.

Names load what they need when they are called: to import this package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kafkalab.cluster.cluster import KafkaCluster
    from kafkalab.queries.topics import Connectable
    from kafkalab.show.canvas.picture import Picture
    from kafkalab.show.watching.live import LiveView
    from kafkalab.show.watching.timeline import Timeline

__all__ = ["brokers", "group", "live", "log", "pipeline", "timeline", "topic"]


def brokers(cluster: KafkaCluster) -> Picture:
    """Show a cluster's brokers: who runs, who is controller, what each leads and follows.

    Parameters
    ----------
    cluster : KafkaCluster

    Returns
    -------
    Picture
        Shows itself in a notebook; `print` gives its words, `.frame` its facts (one row a
        broker, partitions of Kafka's own topics not counted), `.svg` its drawing. Where nobody
        answers within 30 seconds, it says so.

    Raises
    ------
    KafkaLabError
        Where the cluster is stopped.
    """
    from kafkalab.show.drawings.brokers import draw_brokers
    from kafkalab.show.facts.brokers import collect_brokers

    return draw_brokers(collect_brokers(cluster))


def group(cluster: KafkaCluster, group: str) -> Picture:
    """Show a group: its members, what each reads, committed offsets, ends and lag.

    Classic, consumer (KIP-848) and share groups. Members are numbered by their client ids and
    partitions: their own ids are random.

    Parameters
    ----------
    cluster : KafkaCluster
    group : str

    Returns
    -------
    Picture
        Shows itself in a notebook; `print` gives its words, `.frame` its facts (one row a
        partition), `.svg` its drawing.

    Raises
    ------
    KafkaLabError
        Where there is no such group, or the cluster does not answer within 10 seconds, or within 30
        where each of its brokers runs. It takes up to twice as long more where Kafka's own tool has
        to be asked: no client call describes a share group.
    """
    from kafkalab.show.drawings.group import draw_group
    from kafkalab.show.facts.group import collect_group

    return draw_group(collect_group(cluster, group))


def live(
    cluster: KafkaCluster, topic: str, group: str | None = None, *, seconds: float = 120
) -> LiveView:
    """Show a topic's log in an output that moves while other cells run.

    Draws what `log` draws, again about twice a second where something has changed. To keep it in
    sight, right-click it in JupyterLab and choose *Create New View for Cell Output*. It ends
    after `seconds`, with the cluster, or with `stop`, and keeps its last state.

    Parameters
    ----------
    cluster : KafkaCluster
    topic : str
    group : str, optional
        Mark the offsets that this consumer group has committed.
    seconds : float
        How long it moves at most.

    Returns
    -------
    LiveView
        Shows itself in a notebook; `stop` ends it and returns the picture of its last state.

    Raises
    ------
    KafkaLabError
        Where the topic is missing or the cluster does not answer within 10 seconds, or within 60
        where each of its brokers runs.

    Examples
    --------
    >>> view = show.live(cluster, "orders", group="billing")
    >>> view
    """
    from kafkalab.show.watching.live import start_live

    return start_live(cluster, topic, group, seconds)


def log(cluster: Connectable, topic: str, group: str | None = None) -> Picture:
    """Show a topic's log: its records in their order, and where a group stands in it.

    Long partitions are folded, and of many partitions the first ones are drawn.

    Parameters
    ----------
    cluster : KafkaCluster
    topic : str
    group : str, optional
        Mark the offsets that this consumer group has committed.

    Returns
    -------
    Picture
        Shows itself in a notebook; `print` gives its words, `.frame` its facts (one row a
        partition), `.svg` its drawing.

    Raises
    ------
    KafkaLabError
        Where the topic is missing or the cluster does not answer within 10 seconds, or within 60
        where each of its brokers runs.
    """
    from kafkalab.show.drawings.log.picture import draw_log
    from kafkalab.show.drawings.log.words import DRAWN_PARTITIONS
    from kafkalab.show.facts.log import collect_log

    return draw_log(collect_log(cluster, topic, group, drawn_partitions=DRAWN_PARTITIONS))


def pipeline(cluster: Connectable, applications: Mapping[str, Iterable[str]]) -> Picture:
    """Show applications and topics as a graph: who reads what, who writes what, how far they are.

    The cluster knows which topics a consumer group reads: those of its committed offsets and of
    its members. It does not know who writes to a topic, so the outputs are what the caller says.
    Changelog and repartition topics of an application are found by the names that quixstreams and
    Kafka Streams give them. The number of records is the number of offsets kept: an upper bound
    where records were compacted away or transactions left their markers.

    Parameters
    ----------
    cluster : KafkaCluster
    applications : mapping of str to iterable of str
        An application's consumer group → the topics to which it writes; empty for one that writes
        to none. Groups and topics that are not there (yet) are shown as such.

    Returns
    -------
    Picture
        Shows itself in a notebook; `print` gives its words, `.frame` its facts (one row for each
        application and topic), `.svg` its drawing.

    Raises
    ------
    KafkaLabError
        Where the applications are not named as above, or the cluster does not answer within 10
        seconds.

    Examples
    --------
    >>> show.pipeline(cluster, {"clean": ["orders"], "totals": ["totals"]})
    """
    from kafkalab.show.drawings.pipeline.picture import draw_pipeline
    from kafkalab.show.facts.pipeline import collect_pipeline

    return draw_pipeline(collect_pipeline(cluster, applications))


def timeline(
    cluster: KafkaCluster, *, topic: str | None = None, group: str | None = None
) -> Timeline:
    """Watch a topic, a group or both from now on, while other cells run.

    Looks at the topic four times a second and at the group about twice a second, in the
    background. Ends with its block, with `stop`, with the cluster, or after ten minutes in which
    it is neither marked nor shown.

    Parameters
    ----------
    cluster : KafkaCluster
    topic : str, optional
        Its partitions' leaders and in-sync replicas.
    group : str, optional
        Which member reads which partition, and the group's lag; classic and consumer groups.
        With `topic`, only that topic's partitions. Of a share group it says that it does not
        watch it; `group` shows one.

    Returns
    -------
    Timeline
        Shows itself as the picture of what is known so far: a chart over seconds, with `.text`,
        `.svg` and `.frame` (one row a change). `mark` puts a moment with a name into it; `stop`
        ends it and returns the picture. The text tells the state at the start, and what is
        different at each mark and at the end: where a cell waits for a state before each, the
        text is the same in every run. What lay between, the seconds and the lag are in the
        drawing and the frame.

    Raises
    ------
    KafkaLabError
        Where neither is named or the cluster is stopped.

    Examples
    --------
    >>> with show.timeline(cluster, topic="orders", group="billing") as seen:
    ...     cluster.kill_broker(2)
    ...     seen.mark("broker 2 killed")
    >>> seen
    """
    from kafkalab.show.watching.timeline import start_timeline

    return start_timeline(cluster, topic, group)


def topic(cluster: Connectable, topic: str) -> Picture:
    """Show a topic's partitions: leader, replicas, which are in sync, offsets, records.

    The number of records is the number of offsets kept: an upper bound where records were
    compacted away or transactions left their markers.

    Parameters
    ----------
    cluster : KafkaCluster
    topic : str

    Returns
    -------
    Picture
        Shows itself in a notebook; `print` gives its words, `.frame` its facts (one row a
        partition), `.svg` its drawing.

    Raises
    ------
    KafkaLabError
        Where the topic is missing or the cluster does not answer within 10 seconds, or within 60
        where each of its brokers runs.
    """
    from kafkalab.show.drawings.topic import draw_topic
    from kafkalab.show.facts.log import collect_topic

    return draw_topic(collect_topic(cluster, topic))
