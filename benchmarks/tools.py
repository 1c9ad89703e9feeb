"""One console call against the stock launcher's, on one broker: `python -m benchmarks.tools`.

Calls take turns, so that what else the machine does meets both alike. Prints JSON: tool →
seconds of the stock launcher, of the package.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time
from collections.abc import Iterator

from benchmarks.plain import STOCK_TOOL, Nodes
from kafkalab import KafkaCluster
from kafkalab.install.kafka import provide
from kafkalab.settings import Settings

TOPIC = "measured"
CALLS = (
    ("kafka-topics.sh --list", ""),
    (f"kafka-topics.sh --describe --topic {TOPIC}", ""),
    (f"kafka-console-producer.sh --topic {TOPIC}", "event\n"),
    (f"kafka-console-consumer.sh --topic {TOPIC} --from-beginning --max-messages 1", ""),
    ("kafka-consumer-groups.sh --list", ""),
    (f"kafka-configs.sh --describe --entity-type topics --entity-name {TOPIC}", ""),
    (f"kafka-get-offsets.sh --topic {TOPIC}", ""),
    ("kafka-metadata-quorum.sh describe --status", ""),
    ("kafka-broker-api-versions.sh", ""),
)


def main(rounds: int) -> None:
    settings = Settings.from_environment()
    kafka = provide(settings)
    seconds: dict[str, dict[str, list[float]]] = {}
    with KafkaCluster(backend="process") as cluster, Nodes(settings, kafka) as nodes:
        servers = cluster.bootstrap_servers
        _ours(cluster, f"kafka-topics.sh --create --topic {TOPIC}", "")
        _ours(cluster, f"kafka-console-producer.sh --topic {TOPIC}", "event\n")
        for _ in range(rounds):
            for line, typed in CALLS:
                of_line = seconds.setdefault(line, {"stock": [], "ours": []})
                script, *arguments = line.split()
                arguments = [*_with_server(script, arguments, servers)]
                before = time.perf_counter()
                done = nodes.tool(script, STOCK_TOOL, arguments, typed)
                of_line["stock"].append(time.perf_counter() - before)
                assert done.returncode == 0, done.stdout
                before = time.perf_counter()
                _ours(cluster, line, typed)
                of_line["ours"].append(time.perf_counter() - before)
    print(json.dumps(seconds))


def _with_server(script: str, arguments: list[str], servers: str) -> Iterator[str]:
    yield from ("--bootstrap-server", servers)
    yield from arguments


def _ours(cluster: KafkaCluster, line: str, typed: str) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        result = cluster.console(f"bin/{line}", input=typed)
    assert getattr(result, "exit_code", 0) == 0, result


if __name__ == "__main__":
    main(int(sys.argv[1]))
