"""One labeled run of programs: its label, folder, host ports, guardian and removal."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from kafkalab.common.interrupts import uninterrupted
from kafkalab.runtime import ports, registry, removal
from kafkalab.runtime.guardian import Guardian
from kafkalab.runtime.owner import Owner


def new_label() -> str:
    """A random label, such as `kafkalab-3f9a2c41d0`."""
    return f"kafkalab-{uuid.uuid4().hex[:10]}"


class Run:
    """All that carries one label, from before its first program until nothing is left.

    Parameters
    ----------
    run_dir : Path
        The folder of all runs.
    room : str
        docker or process: where its programs run.
    owner : Owner or None
        Whose death ends it; None for one that stands until it is stopped.
    label : str, optional
        Of a run that another process has opened; by default a new one.
    engine : str
        The address of the engine that holds that run's containers; `open` notes it for a new one.
    """

    def __init__(
        self,
        run_dir: Path,
        room: str,
        owner: Owner | None,
        *,
        label: str | None = None,
        engine: str = "",
    ) -> None:
        self.run_dir = run_dir
        self.label = label or new_label()
        self.engine = engine
        self._room = room
        self._owner = owner
        self._guardian: Guardian | None = None

    @property
    def folder(self) -> Path:
        """Its own folder, readable by its user only."""
        return self.run_dir / self.label

    @property
    def is_guarded(self) -> bool:
        """Whether this process has opened it, and its death would end it."""
        return self._guardian is not None

    @property
    def labels(self) -> dict[str, str]:
        """What its containers, volumes and network carry."""
        owner = removal.STANDING if self._owner is None else str(self._owner)
        return {
            removal.CLUSTER_LABEL: self.label,
            removal.OWNER_LABEL: owner,
            removal.FOLDER_LABEL: str(self.folder),
            removal.PLACE_LABEL: removal.this_place(),
        }

    def open(self, environment: Mapping[str, str] | None = None) -> None:
        """Start the guardian, then make the folder.

        Parameters
        ----------
        environment : mapping of str to str, optional
            What the guardian needs beside this process's, such as the engine's address.

        Raises
        ------
        KafkaLabError
            Where the folder cannot be made.
        """
        self.engine = (environment or {}).get("DOCKER_HOST", "")
        registry.make_run_dir(self.run_dir)
        if self._owner is not None:  # before the first thing that its death could leave behind
            with uninterrupted():  # half a guardian could not be told goodbye
                self._guardian = Guardian(self.run_dir, self.label, self._room, environment)
        registry.run_folder(self.run_dir, self.label)

    def reserve(
        self,
        offsets: Sequence[int],
        client_ports: Sequence[int] = (),
        bases: Sequence[int] | None = None,
    ) -> int:
        """Reserve ten host ports; see `ports.reserve_ports`."""
        return ports.reserve_ports(self.run_dir, self.label, offsets, client_ports, bases)

    def remove(self) -> None:
        """Remove all that carries the label, then let the guardian go; harmless when repeated.

        Raises
        ------
        docker.errors.DockerException
            When the engine does not answer; the guardian stays.
        """
        removal.remove_run(self.run_dir, self.label, self._room, self.engine)
        if self._guardian is not None:
            self._guardian.dismiss()
            self._guardian = None
