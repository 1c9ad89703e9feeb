"""The command line: `kafkalab lab | start | status | stop | console | reset | prefetch | doctor`.

Every command imports what it needs when it runs: `kafkalab --help` answers at once.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kafkalab.errors import KafkaLabError

if TYPE_CHECKING:
    from kafkalab.backends import Backend, TerminalCommand
    from kafkalab.settings import Settings

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130

_EXAMPLES = """\
the usual way:
  kafkalab lab                  open JupyterLab on your copy of the first notebook
  kafkalab doctor               where something is wrong with this machine

a cluster for several terminals:
  kafkalab start                on port 9092 where it is free
  kafkalab console 'bin/kafka-topics.sh --list --bootstrap-server localhost:9092'
  kafkalab stop
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns
    -------
    int
        0 where it did what it says, 1 where it could not, 2 for a wrong command line, 130 after
        Ctrl-C; `console` returns what the tool returned.
    """
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    if rest and options.command != "lab":
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    try:
        match options.command:
            case "lab":
                code = _lab(rest)
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
                code = _prefetch(options.backend)
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kafkalab",
        description="Real Apache Kafka clusters for the notebooks of this series.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", metavar="command", title="commands")

    def add(name: str, text: str, more: str = "") -> argparse.ArgumentParser:
        return commands.add_parser(
            name,
            help=text,
            description=f"{text[0].upper()}{text[1:]}. {more}".strip(),
            allow_abbrev=False,
        )

    add(
        "lab",
        "open JupyterLab on your own copy of the notebooks",
        "Copies that you have already are never overwritten. "
        "Further arguments go to JupyterLab, such as --no-browser or --port=9999.",
    )
    start = add(
        "start",
        "start a standing cluster, which lives until kafkalab stop",
        "A standing cluster of this name that is there already is brought back, with its data.",
    )
    start.add_argument(
        "--brokers", type=int, default=1, metavar="N", help="1 or 3; by default %(default)s"
    )
    start.add_argument("--backend", metavar="B", help="auto, docker or process; by default auto")
    start.add_argument(
        "--port",
        type=_port,
        metavar="P",
        help="client port of the first broker, or auto for any; by default 9092 where it is free",
    )
    start.add_argument("--name", default="lab", help="by default %(default)s")
    start.add_argument(
        "--timeout",
        type=_seconds,
        default=120.0,
        metavar="S",
        help="seconds until it must answer; by default %(default)g",
    )
    status = add("status", "show the clusters of this user, and what earlier ones left behind")
    status.add_argument("--json", action="store_true", help="print JSON")
    stop = add("stop", "stop a standing cluster and remove its data")
    stop.add_argument("name", nargs="?", help="which one, where there are several")
    stop.add_argument(
        "--all",
        action="store_true",
        help="all standing clusters and all that dead kernels left behind; "
        "clusters of living kernels are spared",
    )
    console = add(
        "console",
        "run a line of the official documentation on the standing cluster",
        "Put the line in quotes. It reads from and writes to this terminal; "
        "Ctrl-C ends a consumer.",
    )
    console.add_argument("--name", help="which standing cluster, where there are several")
    console.add_argument("line", nargs=argparse.REMAINDER, help="such as 'bin/kafka-topics.sh …'")
    reset = add("reset", "bring a fresh copy of a notebook and keep yours beside it")
    reset.add_argument("notebook", help="its number or name, such as 03")
    prefetch = add("prefetch", "fetch all that notebooks need, to work without a network later")
    prefetch.add_argument(
        "--backend",
        metavar="B",
        choices=("auto", "docker", "process", "all"),
        default="auto",
        help="auto (what notebooks will use here), docker, process or all",
    )
    doctor = add(
        "doctor",
        "find what is wrong with this machine, with the line that mends it",
        "The exit code is 1 where something would stop a notebook.",
    )
    doctor.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _port(text: str) -> int:
    if text == "auto":
        return 0
    if text.isdecimal() and 1024 <= int(text) <= 65_000:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is neither auto nor a port from 1024 to 65000")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return seconds


def _settings() -> Settings:
    from kafkalab.settings import Settings

    return Settings.from_environment()


# --- notebooks --------------------------------------------------------------------------------


def _lab(further: Sequence[str]) -> int:
    from kafkalab import workspace

    root = workspace.repository()
    made = workspace.prepare(root / workspace.ORIGINALS, root / workspace.COPIES)
    print(f"Your copies of the notebooks are in {root / workspace.COPIES} ({len(made)} new).")
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


def _reset(notebook: str) -> int:
    from kafkalab import workspace

    root = workspace.repository()
    done = workspace.reset(notebook, root / workspace.ORIGINALS, root / workspace.COPIES)
    print(f"A fresh copy is in {done.fresh}")
    if done.kept is not None:
        print(f"Your own is kept as {done.kept}")
    return OK


# --- standing clusters ------------------------------------------------------------------------


def _start(options: argparse.Namespace) -> int:
    from kafkalab import standing

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
    verb = "stands" if done.fresh else "stood already"
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
    from kafkalab import leftovers, status

    settings = _settings()
    clusters = status.look(settings)
    behind = leftovers.find(settings)
    if as_json:
        print(json.dumps(status.as_data(clusters, behind), indent=2))
    else:
        print(status.as_text(clusters, behind))
    return OK


def _stop(name: str | None, *, everything: bool) -> int:
    from kafkalab import leftovers, standing

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
    code, stopped = OK, 0
    for record in standing.all_of(settings):
        try:
            standing.stop(settings, record)
            print(f"stopped {record.name!r} ({record.backend}, {record.label})")
            stopped += 1
        except KafkaLabError as error:
            print(f"kafkalab: {error}", file=sys.stderr)
            code = FAILED
    for item in leftovers.find(settings):
        try:
            leftovers.remove(settings, item)
            print(f"removed {item.label} ({item.backend}): {item.what}")
            stopped += 1
        except KafkaLabError as error:
            print(f"kafkalab: {error}", file=sys.stderr)
            code = FAILED
    if not stopped and code == OK:
        print("There was nothing to stop.")
    return code


# --- console tools ----------------------------------------------------------------------------


def _console(words: Sequence[str], name: str | None) -> int:
    from kafkalab import console

    if not words:
        raise KafkaLabError(
            "No line was given.",
            fix="kafkalab console 'bin/kafka-topics.sh --list --bootstrap-server localhost:9092'",
        )
    line = words[0] if len(words) == 1 else shlex.join(words)
    with _console_backend(name) as backend:
        command = console.prepare(backend, line)
        print(f"$ {command.text}", file=sys.stderr, flush=True)
        tty = sys.stdin.isatty() and sys.stdout.isatty()
        return _in_terminal(backend.terminal_command(command.call, tty=tty))


@contextlib.contextmanager
def _console_backend(name: str | None) -> Iterator[Backend]:
    """The standing cluster; without one, the cluster that exists where one is configured."""
    from kafkalab import standing
    from kafkalab.backends import choice

    settings = _settings()
    if name is not None or standing.all_of(settings) or not settings.existing_configured:
        yield choice.attach(settings, standing.find(settings, name))
        return
    from kafkalab.backends.existing import PATIENCE_SECONDS, ExistingBackend
    from kafkalab.deadline import Deadline

    backend = ExistingBackend(settings)
    try:
        backend.start(Deadline(PATIENCE_SECONDS))
        yield backend
    finally:
        backend.remove()  # the tool's private files; the cluster is somebody else's


def _in_terminal(command: TerminalCommand) -> int:
    """Run it with this terminal's input and output; Ctrl-C is the tool's to answer."""
    process = None
    # a handler and not SIG_IGN: the tool would inherit that
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
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


def _prefetch(backend: str) -> int:
    from kafkalab import prefetch

    prefetch.run(_settings(), backend)
    return OK


def _doctor(*, as_json: bool) -> int:
    from kafkalab import doctor

    findings = doctor.examine()
    if as_json:
        print(json.dumps(doctor.as_data(findings), indent=2))
    else:
        print(doctor.as_text(findings))
    return FAILED if doctor.stops(findings) else OK


if __name__ == "__main__":
    sys.exit(main())
