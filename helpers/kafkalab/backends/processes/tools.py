"""Console tools as Java processes: of a cluster of processes, or for one that exists."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kafkalab.backends.processes.tool_process import JavaTool
from kafkalab.backends.protocol import TerminalCommand, ToolProcess
from kafkalab.common.interrupts import own_group
from kafkalab.common.programs import starting
from kafkalab.install import class_archive, jvm
from kafkalab.install.kafka import Distribution
from kafkalab.lines.calls import PrivateFile, ToolCall
from kafkalab.lines.scripts import RUN_CLASS
from kafkalab.runtime.removal import CLUSTER_LABEL


@dataclass(frozen=True)
class JavaTools:
    """Runs the official tools.

    Attributes
    ----------
    distribution : Distribution
        Kafka and Java.
    cache : Path
        Where their class archives are.
    label : str
        A tool carries it and is removed with what else carries it.
    folder : Path
        Where a tool's private files go.
    """

    distribution: Distribution
    cache: Path
    label: str
    folder: Path

    def run(self, call: ToolCall, paths: Mapping[str, str] | None = None) -> ToolProcess:
        """Start a tool; `paths` says where a broker's files are: `BrokerFile.what` → path."""
        arguments, private = self._command(call, paths or {})
        with starting(call.script):
            process = subprocess.Popen(
                arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=jvm.environment(),
                start_new_session=True,
                creationflags=own_group(),
            )
        return JavaTool(process, call.input, private)

    def terminal_command(
        self, call: ToolCall, paths: Mapping[str, str] | None = None
    ) -> TerminalCommand:
        """The command that runs a tool in a terminal; see `run`."""
        arguments, private = self._command(call, paths or {})

        def finish() -> None:
            for path in private:
                path.unlink(missing_ok=True)

        return TerminalCommand(tuple(arguments), jvm.environment(), finish)

    def _command(self, call: ToolCall, paths: Mapping[str, str]) -> tuple[list[str], list[Path]]:
        """The tool's command line, and the private files that were written for it."""
        private: dict[PrivateFile, Path] = {}
        for file in call.private_files:
            private[file] = path = self.folder / f"tool-{uuid.uuid4().hex[:8]}"
            path.touch(mode=0o600)
            path.write_text(file.text, encoding="utf-8")
        args = call.words(
            lambda file: str(private[file]) if isinstance(file, PrivateFile) else paths[file.what]
        )
        arguments = jvm.command(
            self.distribution,
            args.pop(0)
            if call.script == RUN_CLASS
            else self.distribution.release.scripts[call.script],
            flags=(
                *jvm.SMALL,
                *jvm.TOOL_HEAP,
                *jvm.QUIET,
                *class_archive.jvm_options(self.cache, self.distribution),
            ),
            properties={
                CLUSTER_LABEL: self.label,
                "log4j2.configurationFile": jvm.log_config("tool"),
            },
            args=args,
        )
        return arguments, list(private.values())
