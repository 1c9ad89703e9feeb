"""The log directories of new nodes, formatted without a Java process wherever possible."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

from kafkalab.backends.properties import ClusterPlan, NodePlan, node_properties
from kafkalab.common import java_text
from kafkalab.common.programs import starting
from kafkalab.errors import KafkaLabError, telling_lines
from kafkalab.install import format_template, jvm
from kafkalab.install.format_template import Origin, meta_properties
from kafkalab.install.kafka import Distribution
from kafkalab.runtime.removal import CLUSTER_LABEL

TOOL = "kafka-storage.sh"
FORMAT_SECONDS = 120
NODE_PROPERTY = "kafkalab.node"
"""A Java system property that says which node of its cluster a process is."""


def node_folder(run_folder: Path, node_id: int) -> Path:
    """A node's own folder: its settings, its log, and `data` in it."""
    return run_folder / f"node-{node_id}"


def format_nodes(
    plan: ClusterPlan, run_folder: Path, distribution: Distribution, cache: Path
) -> None:
    """Write what `kafka-storage.sh format` writes into every node's log directory."""
    for node in plan.nodes:
        Path(node.log_dir).mkdir(parents=True)
        folder = node_folder(run_folder, node.node_id)
        properties = java_text.properties(node_properties(plan, node))
        (folder / "server.properties").write_text(properties, encoding="utf-8")
    origin = Origin.of_jars(distribution)
    checkpoint = format_template.find(cache, origin)
    if checkpoint is None:
        checkpoint = _formatted(plan, run_folder, distribution)
        format_template.keep(cache, origin, checkpoint)
    for node in plan.nodes:
        log_dir = Path(node.log_dir)
        (log_dir / "bootstrap.checkpoint").write_bytes(checkpoint)
        (log_dir / "meta.properties").write_text(
            meta_properties(plan.cluster_id, node.node_id), encoding="utf-8"
        )


def java_properties(plan: ClusterPlan, node_id: int, log_kind: str) -> dict[str, str]:
    """The system properties of a node's processes, by which they are found."""
    return {
        CLUSTER_LABEL: plan.label,
        NODE_PROPERTY: str(node_id),
        "log4j2.configurationFile": jvm.log_config(log_kind),
        "java.awt.headless": "true",
    }


def _formatted(plan: ClusterPlan, run_folder: Path, distribution: Distribution) -> bytes:
    """The first node's `bootstrap.checkpoint`, as the official tool writes it."""
    first = plan.nodes[0]
    # without the user's settings: a wrong one is named by the broker, as on later starts
    plain = node_folder(run_folder, first.node_id) / "format.properties"
    settings = node_properties(replace(plan, config={}), first)
    plain.write_text(java_text.properties(settings), encoding="utf-8")
    _run_format(plan, first, plain, distribution)
    return (Path(first.log_dir) / "bootstrap.checkpoint").read_bytes()


def _run_format(
    plan: ClusterPlan, node: NodePlan, properties: Path, distribution: Distribution
) -> None:
    command = jvm.command(
        distribution,
        jvm.FORMAT_MAIN,
        flags=(*jvm.SMALL, *jvm.TOOL_HEAP, *jvm.QUIET),
        properties=java_properties(plan, node.node_id, "tool"),
        args=("format", "--cluster-id", plan.cluster_id, "--config", str(properties)),
    )
    try:
        with starting(TOOL):
            run = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                env=jvm.environment(),
                start_new_session=True,
                timeout=FORMAT_SECONDS,
                check=False,
            )
    except subprocess.TimeoutExpired as error:
        raise KafkaLabError(
            f"The storage of a new broker was not formatted within {FORMAT_SECONDS} s.",
            tried=f"{TOOL} format",
            fix="run this again; kafkalab doctor says what slows this machine down",
        ) from error
    if run.returncode != 0:
        raise KafkaLabError(
            "The storage of a new broker could not be formatted.",
            tried=f"{TOOL} format",
            fix="look at the lines below: kafkalab doctor says what is wrong with this machine",
            log=telling_lines(run.stdout + run.stderr, 8),
        )
