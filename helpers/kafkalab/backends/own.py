"""What brokers have in common that are started here, in containers and as processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from kafkalab.backends import readiness
from kafkalab.backends.properties import ClusterPlan
from kafkalab.backends.protocol import NEW, Backend, ClusterRequest
from kafkalab.common.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.lines.calls import WorkerPlace
from kafkalab.runtime import ports
from kafkalab.runtime.program import ProgramState
from kafkalab.runtime.run import Run
from kafkalab.settings import Settings


class OwnBackend(Backend):
    """Answers from the plan and the run; see `Backend`.

    Parameters
    ----------
    settings : Settings
    request : ClusterRequest
    """

    tools_at_hand = True

    def __init__(self, settings: Settings, request: ClusterRequest) -> None:
        self._settings = settings
        self._request = request
        self._run: Run | None = None
        self._plan: ClusterPlan | None = None

    @property
    def _opened(self) -> Run:
        if self._run is None:
            raise not_started()
        return self._run

    @property
    def _running_plan(self) -> ClusterPlan:
        if self._plan is None:
            raise not_started()
        return self._plan

    @property
    def client_config(self) -> Mapping[str, str]:
        return {"bootstrap.servers": self._running_plan.bootstrap_servers}

    @property
    def controllers(self) -> Mapping[int, str]:
        return self._running_plan.controllers

    @property
    def metrics_urls(self) -> Mapping[int, str]:
        return self._running_plan.metrics_urls

    def guarded_folder(self) -> Path:
        return self._opened.folder

    @property
    def node_ids(self) -> Sequence[int]:
        return range(1, self._request.brokers + 1)

    def node_with_files(self) -> int | None:
        running = [n for n in self.node_ids if self.node(n).state is ProgramState.RUNNING]
        return (running or self.node_ids)[0]

    def wait_until_ready(self, deadline: Deadline, before: Mapping[int, int] = NEW) -> None:
        readiness.wait_until_ready(self, self._request.config, deadline, before)

    def wait_for_node(self, node_id: int, deadline: Deadline, before: int) -> None:
        readiness.wait_for_node(self, node_id, deadline, before)

    def release_worker_place(self, place: WorkerPlace) -> None:
        run = self._opened
        ports.release_worker_port(run.run_dir, run.label, place.port)


def not_started() -> KafkaLabError:
    """What to say where a cluster is asked for something before its start."""
    return KafkaLabError("This cluster has not been started.", fix="cluster.start()")
