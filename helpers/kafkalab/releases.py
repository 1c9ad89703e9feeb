"""Releases of Kafka as values: where each comes from, how it is verified, what is in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_SCRIPTS_4_3: Mapping[str, str] = {
    "kafka-acls.sh": "org.apache.kafka.tools.AclCommand",
    "kafka-broker-api-versions.sh": "org.apache.kafka.tools.BrokerApiVersionsCommand",
    "kafka-client-metrics.sh": "org.apache.kafka.tools.ClientMetricsCommand",
    "kafka-cluster.sh": "org.apache.kafka.tools.ClusterTool",
    "kafka-configs.sh": "kafka.admin.ConfigCommand",
    "kafka-console-consumer.sh": "org.apache.kafka.tools.consumer.ConsoleConsumer",
    "kafka-console-producer.sh": "org.apache.kafka.tools.ConsoleProducer",
    "kafka-console-share-consumer.sh": "org.apache.kafka.tools.consumer.ConsoleShareConsumer",
    "kafka-consumer-groups.sh": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    "kafka-consumer-perf-test.sh": "org.apache.kafka.tools.ConsumerPerformance",
    "kafka-delegation-tokens.sh": "org.apache.kafka.tools.DelegationTokenCommand",
    "kafka-delete-records.sh": "org.apache.kafka.tools.DeleteRecordsCommand",
    "kafka-dump-log.sh": "org.apache.kafka.tools.DumpLogSegments",
    "kafka-e2e-latency.sh": "org.apache.kafka.tools.EndToEndLatency",
    "kafka-features.sh": "org.apache.kafka.tools.FeatureCommand",
    "kafka-get-offsets.sh": "org.apache.kafka.tools.GetOffsetShell",
    "kafka-groups.sh": "org.apache.kafka.tools.GroupsCommand",
    "kafka-leader-election.sh": "org.apache.kafka.tools.LeaderElectionCommand",
    "kafka-log-dirs.sh": "org.apache.kafka.tools.LogDirsCommand",
    "kafka-metadata-quorum.sh": "org.apache.kafka.tools.MetadataQuorumCommand",
    "kafka-producer-perf-test.sh": "org.apache.kafka.tools.ProducerPerformance",
    "kafka-reassign-partitions.sh": "org.apache.kafka.tools.reassign.ReassignPartitionsCommand",
    "kafka-replica-verification.sh": "org.apache.kafka.tools.ReplicaVerificationTool",
    "kafka-share-consumer-perf-test.sh": "org.apache.kafka.tools.ShareConsumerPerformance",
    "kafka-share-groups.sh": "org.apache.kafka.tools.consumer.group.ShareGroupCommand",
    "kafka-storage.sh": "kafka.tools.StorageTool",
    "kafka-streams-application-reset.sh": "org.apache.kafka.tools.StreamsResetter",
    "kafka-streams-groups.sh": "org.apache.kafka.tools.streams.StreamsGroupCommand",
    "kafka-topics.sh": "org.apache.kafka.tools.TopicCommand",
    "kafka-transactions.sh": "org.apache.kafka.tools.TransactionsCommand",
    "kafka-verifiable-consumer.sh": "org.apache.kafka.tools.VerifiableConsumer",
    "kafka-verifiable-producer.sh": "org.apache.kafka.tools.VerifiableProducer",
    "kafka-verifiable-share-consumer.sh": "org.apache.kafka.tools.VerifiableShareConsumer",
}


@dataclass(frozen=True)
class Release:
    """One release of Apache Kafka.

    Attributes
    ----------
    version, scala : str
        Kafka's version, and that of Scala which its jars were built for.
    sha512 : str
        Of the release's tarball.
    image : str
        The official image, with its digest.
    oldest_java : int
        The oldest Java that runs it.
    scripts : mapping of str to str
        Each script of its `bin/` that runs as a tool → the class behind it. The other scripts are
        servers, or need what a cluster here does not have: `kafkalab.lines.scripts.INSTEAD`.
    pom, jars, classes : str
        Files of the package's `data/`: what Maven is to bring, the SHA-512 of every jar that it
        must bring, and the classes that brokers and tools load.
    mirrors : tuple of str
        Where the tarball is looked for, in this order.
    """

    version: str
    scala: str
    sha512: str
    image: str
    oldest_java: int
    scripts: Mapping[str, str]
    pom: str
    jars: str
    classes: str
    mirrors: tuple[str, ...] = (
        "https://dlcdn.apache.org/kafka",
        "https://archive.apache.org/dist/kafka",
    )

    @property
    def tarball(self) -> str:
        return f"kafka_{self.scala}-{self.version}.tgz"

    @property
    def urls(self) -> tuple[str, ...]:
        """Addresses of the tarball."""
        return tuple(f"{mirror}/{self.version}/{self.tarball}" for mirror in self.mirrors)


CURRENT = Release(
    version="4.3.1",
    scala="2.13",
    sha512="c7d7b2318cb51aa0c61d3246a51c349210073c5c9b754947ef965a439f2f939e"
    "8600f204e134a75ac31faf3829c9370960ef7c6a9886c8a1dbf0339a21f4c54c",
    image="apache/kafka:4.3.1"
    "@sha256:77e3df9054047a88b520d0cc46e16696d3b22022e1d580aeccd2632df6532837",
    oldest_java=17,
    scripts=_SCRIPTS_4_3,
    pom="pom.xml",
    jars="maven-jars.sha512",
    classes="classes.txt.gz",
)
"""What clusters run unless they are asked for another."""

_KNOWN = {release.version: release for release in (CURRENT,)}


def of(version: str) -> Release:
    """The release of this version; KeyError for one that the package does not know."""
    return _KNOWN[version]
