"""The command line: `kafkalab lab | progress | reset | start | status | stop | …`.

Every command imports what it needs when it runs: `kafkalab --help` answers at once.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kafkalab.errors import KafkaLabError
from kafkalab.terminal import command_line

if TYPE_CHECKING:
    from kafkalab.backends.protocol import Backend, TerminalCommand
    from kafkalab.settings import Settings

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns
    -------
    int
        0 where it did what it says, 1 where it could not, 2 for a wrong command line, 130 after
        Ctrl-C; `console` returns what the tool returned.
    """
    parser = command_line.parser()
    options, rest = parser.parse_known_args(arguments)
    if rest and options.command != "lab":
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        match options.command:
            case "lab":
                code = _lab(rest)
            case "progress":
                code = _progress(as_json=options.json)
            case "start":
                code = _start(options)
            case "status":
                code = _status(as_json=options.json)
            case "stop":
                code = _stop(options.name, everything=options.all)
            case "console":
                code = _console(options.line, options.name)
            case "reset":
                code = _reset(options.notebook)
            case "prefetch":
                code = _prefetch(options.backend, options.services)
            case "doctor":
                code = _doctor(as_json=options.json)
            case _:
                parser.print_help()
                code = USAGE
        sys.stdout.flush()
    except KafkaLabError as error:
        print(f"kafkalab: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # such as: kafkalab status | head -1
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return code


def _settings() -> Settings:
    from kafkalab.settings import Settings

    return Settings.from_environment()


# --- notebooks --------------------------------------------------------------------------------


def _lab(further: Sequence[str]) -> int:
    from kafkalab.learn.lab import COPIES, ORIGINALS, repository
    from kafkalab.terminal import workspace

    root = repository()
    made = workspace.prepare(root / ORIGINALS, root / COPIES)
    print(f"Your copies of the notebooks are in {root / COPIES} ({len(made)} new).")
    sys.stdout.flush()
    command = [*workspace.lab_command(root), *(word for word in further if word != "--")]
    # so that terminals in JupyterLab find `kafkalab` and the right `python`
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    environment = {**os.environ, "PATH": path}
    if os.name == "posix":
        os.execve(command[0], command, environment)  # noqa: S606 - signals reach it directly
    with contextlib.suppress(KeyboardInterrupt):
        return subprocess.run(command, env=environment, check=False).returncode
    return INTERRUPTED


def _progress(*, as_json: bool) -> int:
    from kafkalab.learn.lab import COPIES, repository
    from kafkalab.learn.progress import shown, words

    lab = repository() / COPIES
    if not lab.is_dir():
        raise KafkaLabError(
            "You have no copies of the notebooks yet, so nothing is recorded.",
            tried=f"to find them in {lab}",
            fix="open the first one: kafkalab lab",
        )
    found = shown.progress_in(lab)
    if as_json:
        print(json.dumps(words.as_data(found.series), indent=2))
    else:
        columns = shutil.get_terminal_size((words.WIDTH, 24)).columns
        print(words.as_text(found.series, found.said, columns))
    return OK


def _reset(notebook: str) -> int:
    from kafkalab.learn.lab import COPIES, ORIGINALS, repository
    from kafkalab.terminal import forgetting, workspace

    root = repository()
    originals, lab = root / ORIGINALS, root / COPIES
    if notebook == "all":
        number = None
        copies = workspace.reset_all(originals, lab)
    else:
        copies = [workspace.reset(notebook, originals, lab)]
        number = copies[0].fresh.name.split("_")[0]
    for done in copies:
        print(f"A fresh copy is in {done.fresh}")
        if done.kept is not None:
            print(f"Your own is kept as {done.kept}")
    if kept := forgetting.forget(number, originals, lab):
        print(f"Your progress in it is forgotten; the record before is kept as {kept}")
    return OK


# --- standing clusters ------------------------------------------------------------------------


def _start(options: argparse.Namespace) -> int:
    from kafkalab.terminal import standing

    # a closed terminal or `kill` must not leave half a cluster either
    with _on_termination(partial(signal.raise_signal, signal.SIGINT)):
        done = standing.start(
            _settings(),
            brokers=options.brokers,
            name=options.name,
            backend=options.backend,
            port=options.port,
            timeout=options.timeout,
        )
    servers, name = done.bootstrap_servers, done.record.name
    chosen = "" if name == standing.DEFAULT_NAME else f" --name {shlex.quote(name)}"
    end = "kafkalab stop" if not chosen else f"kafkalab stop {shlex.quote(name)}"
    count = "1 broker" if done.record.brokers == 1 else f"{done.record.brokers} brokers"
    verb = "is running" if done.fresh else "was there already"
    line = "bin/kafka-topics.sh --list --bootstrap-server localhost:9092"
    print(f"The cluster {name!r} {verb}: {count}, backend {done.record.backend}.")
    print(f"  addresses        {servers}")
    print(f'  from Python      Producer({{"bootstrap.servers": "{servers}"}})')
    print(f"  from a terminal  kafkalab console{chosen} '{line}'")
    print(f"  from notebooks   {_export('KAFKALAB_BOOTSTRAP_SERVERS', servers)}")
    print("                   and open JupyterLab from the same terminal: kafkalab lab")
    print(f"  to end it        {end}")
    return OK


def _export(name: str, value: str) -> str:
    return f'$env:{name} = "{value}"' if sys.platform == "win32" else f"export {name}={value}"


@contextlib.contextmanager
def _on_termination(act: Callable[[], object]) -> Iterator[None]:
    """Do something else than to end at once when a terminal closes or somebody sends SIGTERM."""
    names = ("SIGTERM", "SIGHUP")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, lambda *_: act()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _status(*, as_json: bool) -> int:
    from kafkalab.services import seen
    from kafkalab.terminal import leftovers, status

    settings = _settings()
    clusters = status.look(settings)
    services = list(seen.look(settings))
    behind = leftovers.find(settings)
    if as_json:
        print(json.dumps(status.as_data(clusters, services, behind), indent=2))
    else:
        print(status.as_text(clusters, services, behind))
    return OK


def _stop(name: str | None, *, everything: bool) -> int:
    from kafkalab.terminal import standing

    if everything and name is not None:
        raise KafkaLabError(
            "A name and --all were given.", fix=f"kafkalab stop {name}, or kafkalab stop --all"
        )
    settings = _settings()
    if not everything:
        record = standing.find(settings, name)
        standing.stop(settings, record)
        print(f"The cluster {record.name!r} is stopped and its data removed.")
        return OK
    return _end_all(_everything(settings))


def _everything(settings: Settings) -> Iterator[tuple[Callable[[], None], str]]:
    """How to end each standing cluster and then what is left over, and what is said of it."""
    from kafkalab.terminal import leftovers, standing

    for record in standing.all_of(settings):
        told = f"stopped {record.name!r} ({record.backend}, {record.label})"
        yield partial(standing.stop, settings, record), told
    for item in leftovers.find(settings):
        told = f"removed {item.label} ({item.backend}): {item.what}"
        yield partial(leftovers.remove, settings, item), told


def _end_all(ends: Iterable[tuple[Callable[[], None], str]]) -> int:
    """End each, and say so; what cannot be ended does not keep the others."""
    code, found = OK, False
    for end, told in ends:
        found = True
        try:
            end()
            print(told)
        except KafkaLabError as error:
            print(f"kafkalab: {error}", file=sys.stderr)
            code = FAILED
    if not found:
        print("There was nothing to stop.")
    return code


# --- console tools ----------------------------------------------------------------------------


def _console(words: Sequence[str], name: str | None) -> int:
    from kafkalab.cluster.command import configured_servers, prepare

    words = words[1:] if words[:1] == ["--"] else words
    if not words:
        raise KafkaLabError(
            "No line was given.",
            fix="kafkalab console 'bin/kafka-topics.sh --list --bootstrap-server localhost:9092'",
        )
    line = words[0] if len(words) == 1 else shlex.join(words)
    with _console_backend(name) as backend:
        command = prepare(backend, line, configured=configured_servers(_settings()))
        print(f"$ {command.text}", file=sys.stderr, flush=True)
        tty = sys.stdin.isatty() and sys.stdout.isatty()
        return _in_terminal(backend.terminal_command(command.call, tty=tty))


@contextlib.contextmanager
def _console_backend(name: str | None) -> Iterator[Backend]:
    """The standing cluster; without one, the cluster that exists where one is configured."""
    from kafkalab.backends import choice
    from kafkalab.terminal import standing

    settings = _settings()
    if name is not None or standing.all_of(settings) or not settings.existing_configured:
        record = standing.find(settings, name, command="kafkalab console --name")
        yield choice.attach(settings, record)
        return
    from kafkalab.backends.existing import PATIENCE_SECONDS, ExistingBackend
    from kafkalab.common.deadline import Deadline

    backend = ExistingBackend(settings)
    try:
        backend.start(Deadline(PATIENCE_SECONDS))
        yield backend
    finally:
        backend.remove()  # the tool's private files; the cluster is somebody else's


def _in_terminal(command: TerminalCommand) -> int:
    """Run it with this terminal's input and output; Ctrl-C is the tool's to answer."""
    from kafkalab.common.programs import starting

    process = None
    # a handler and not SIG_IGN: the tool would inherit that
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        with starting("the tool"):
            process = subprocess.Popen(command.arguments, env=dict(command.environment))
        with _on_termination(process.terminate):
            code = process.wait()
        return code if code >= 0 else 128 - code
    finally:
        if process is not None and process.poll() is None:
            process.kill()
        command.finish()
        signal.signal(signal.SIGINT, before)


# --- the machine ------------------------------------------------------------------------------


def _prefetch(backend: str, services: Sequence[str]) -> int:
    from kafkalab.terminal import prefetch

    prefetch.run(_settings(), backend, services)
    return OK


def _doctor(*, as_json: bool) -> int:
    from kafkalab.terminal.doctor import report

    findings = report.examine()
    if as_json:
        print(json.dumps(report.as_data(findings), indent=2))
    else:
        print(report.as_text(findings))
    return FAILED if report.stops(findings) else OK


if __name__ == "__main__":
    sys.exit(main())
