"""What a service is, as plain data: the image, the programs, their settings, when it answers."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kafkalab.install.jars import JarSet
from kafkalab.runtime.process import Command
from kafkalab.runtime.run import Run
from kafkalab.services.outside import Outside
from kafkalab.settings import Settings

MAVEN: Mapping[str, str] = {"linux": "sudo apt-get install maven", "darwin": "brew install maven"}
"""The lines that install what fetches jars; see `AsProcess.install`."""


@dataclass(frozen=True)
class Place:
    """Where a service runs as a process.

    Attributes
    ----------
    program : Path
        The program that was found.
    folder : Path
        The run's own folder, for everything that it writes.
    mark : str
        A word that its command line must carry; see `kafkalab.runtime.removal.mark`.
    port : int
        For its clients, on loopback.
    jars : tuple of Path
        What a Java program loads; the program is that Java then.
    """

    program: Path
    folder: Path
    mark: str
    port: int
    jars: tuple[Path, ...] = ()


@dataclass(frozen=True)
class InContainer:
    """How it runs from its official image.

    Attributes
    ----------
    image : str
        Pinned by its version, and by its digest where public sources agree on one.
    megabytes : int
        What a pull brings, compressed.
    line : str
        What the container's shell runs; it ends with `exec` of the image's own entry point.
    files : mapping of str to str or bytes
        Path in the container → contents.
    beside : callable, optional
        For a server that has to reach programs of this machine: how it meets this machine →
        the line and the files, in place of those here.
    same_loopback : bool
        What it reaches sends it on to 127.0.0.1, as brokers do: it has to be this machine's own.
    jars : JarSet, optional
        What the image lacks; copied into the folder `jars_folder` of the container.
    at : callable, optional
        For a server that sends its clients on to other ports: its port on this machine → those
        ports, published under the same numbers, and the files, in place of those here.
    """

    image: str
    megabytes: int
    line: str
    files: Mapping[str, str | bytes]
    beside: Callable[[Outside], tuple[str, Mapping[str, str | bytes]]] | None = None
    at: Callable[[int], tuple[Sequence[int], Mapping[str, str | bytes]]] | None = None
    same_loopback: bool = False
    jars: JarSet | None = None
    jars_folder: str = ""


@dataclass(frozen=True)
class AsProcess:
    """How it runs from a program of this machine.

    Attributes
    ----------
    program : str
        Its name; for jars, that of what fetches them.
    before_path, after_path : tuple of str
        Folders in which it is looked for before and after those of PATH; one with a ``*`` stands
        for all that match, the highest number first.
    files : callable
        Place → name of a file in the run's folder → contents.
    command : callable
        Place → what is started.
    install : mapping of str to str
        Platform, as `sys.platform` has it → the line that installs the program.
    jars : JarSet, optional
        What runs on Kafka's own Java, in place of a program that was installed.
    also : tuple of callable
        What is started after it, and ended before it, as `command`.
    ending : signal
        What it takes for the order to end cleanly.
    """

    program: str
    before_path: tuple[str, ...]
    after_path: tuple[str, ...]
    files: Callable[[Place], Mapping[str, str | bytes]]
    command: Callable[[Place], Command]
    install: Mapping[str, str] = field(default_factory=dict)
    jars: JarSet | None = None
    also: tuple[Callable[[Place], Command], ...] = ()
    ending: signal.Signals = signal.SIGTERM


@dataclass(frozen=True)
class Server:
    """What listens on a port of loopback, and how it is known that it answers.

    Attributes
    ----------
    name : str
        In the command line, in records, and in `KAFKALAB_<NAME>_IMAGE`.
    title : str
        As its makers write it.
    port : int
        What it listens on by default, as in a container.
    greeting, answer : bytes
        What a client sends first, and what the reply begins with once the service is ready.
    telling : pattern, optional
        What the whole reply must hold, too, where its beginning says too little.
    digit : int, optional
        What its port on this machine ends in, where that is not the last digit of `port`.
    more_digits : tuple of int
        What the further ports end in that it has in the same ten.
    """

    name: str
    title: str
    port: int
    greeting: bytes
    answer: bytes
    telling: re.Pattern[bytes] | None = field(default=None, kw_only=True)
    digit: int | None = field(default=None, kw_only=True)
    more_digits: tuple[int, ...] = field(default=(), kw_only=True)

    @property
    def digits(self) -> tuple[int, ...]:
        """What its ports on this machine end in; that of its clients is the first."""
        return (self.port % 10 if self.digit is None else self.digit, *self.more_digits)

    def log_file(self, run: Run) -> Path:
        """What a process writes."""
        return run.folder / f"{self.name}.log"


@dataclass(frozen=True)
class Description(Server):
    """A service of somebody's, which runs in either room.

    Attributes
    ----------
    container : InContainer
    process : AsProcess
    """

    container: InContainer
    process: AsProcess

    @property
    def variable(self) -> str:
        """The environment variable that names another image."""
        return f"KAFKALAB_{self.name.upper()}_IMAGE"

    def image(self, settings: Settings) -> str:
        """The image that the settings name, else the pinned one."""
        return settings.service_images.get(self.name, self.container.image)
