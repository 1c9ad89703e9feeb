"""What the start of a cluster has in common, in containers and as processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from kafkalab.backends.properties import metrics_offsets, new_cluster_id
from kafkalab.backends.protocol import ClusterRequest
from kafkalab.backends.record import ClusterRecord
from kafkalab.install.cache_files import cache_error
from kafkalab.runtime.ports import SERVICE_PORTS
from kafkalab.runtime.run import Run


def open_run(
    run: Run,
    request: ClusterRequest,
    offsets: Sequence[int],
    *,
    backend: str,
    cache: Path,
    image: str = "",
    environment: Mapping[str, str] | None = None,
) -> ClusterRecord:
    """Guard a new run, reserve its ports and write its record.

    Parameters
    ----------
    run : Run
    request : ClusterRequest
    offsets : sequence of int
        Which of its ten host ports must be free to bind now.
    backend : str
        docker or process.
    cache : Path
        Named in the error where it cannot be written.
    image : str
        The container image, for Docker.
    environment : mapping of str to str, optional
        What the guardian needs beside this process's.

    Raises
    ------
    KafkaLabError
        No ports are free, or the cache cannot be written.
    """
    run.open(environment)
    try:
        record = ClusterRecord(
            label=run.label,
            backend=backend,
            cluster_id=new_cluster_id(),
            owner=request.owner,
            port_base=run.reserve(offsets, request.client_ports),
            brokers=request.brokers,
            image=image,
            config=dict(request.config),
            name=request.name,
            client_ports=request.client_ports,
            metrics_base=_reserve_metrics(run, request),
            engine=run.engine,
        )
        record.write(run.run_dir)
    except OSError as error:
        raise cache_error(cache, error) from error
    return record


def _reserve_metrics(run: Run, request: ClusterRequest) -> int:
    """The base of ten ports of their own: a cluster's other ten are all in use."""
    if not request.jmx_exporter:
        return 0
    return run.reserve(metrics_offsets(request.brokers), bases=SERVICE_PORTS)
