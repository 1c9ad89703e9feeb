"""What can be typed after `kafkalab`: its commands, their options, and their help."""

from __future__ import annotations

import argparse
from collections.abc import Callable

_EXAMPLES = """\
the usual way:
  kafkalab lab                  open JupyterLab on your copy of the first notebook
  kafkalab progress             what you have done of the series, and what is next
  kafkalab doctor               if something is wrong with this machine

a cluster for several terminals:
  kafkalab start                on port 9092 if it is free
  kafkalab console 'bin/kafka-topics.sh --list --bootstrap-server localhost:9092'
  kafkalab stop
"""


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    whole = argparse.ArgumentParser(
        prog="kafkalab",
        description="Real Apache Kafka clusters for the notebooks of this series.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = whole.add_subparsers(dest="command", metavar="command", title="commands")

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
        "Copies that you already have are never overwritten. "
        "Further arguments go to JupyterLab, such as --no-browser or --port=9999.",
    )
    _add_own(add)
    _add_standing(add)
    _add_console(add)
    _add_machine(add)
    return whole


def _add_own(add: Callable[..., argparse.ArgumentParser]) -> None:
    """What concerns the learner's copies and what was done in them."""
    progress = add(
        "progress",
        "show the series, your predictions and the exercises that you solved",
        "They are recorded while you work on your own copies, in my-lab/.progress.json, and "
        "stay on this machine.",
    )
    progress.add_argument("--json", action="store_true", help="print JSON")
    reset = add(
        "reset",
        "get a fresh copy of a notebook and keep yours next to it",
        "Your progress in it is forgotten; the record as it was before is kept, too.",
    )
    reset.add_argument("notebook", help="its number or name, such as 03; or all")


def _add_standing(add: Callable[..., argparse.ArgumentParser]) -> None:
    """What starts, shows and stops clusters that several terminals use."""
    start = add(
        "start",
        "start a standing cluster, which lives until kafkalab stop",
        "If there is already a standing cluster of this name, it is brought back with its data.",
    )
    start.add_argument(
        "--brokers", type=int, default=1, metavar="N", help="1 or 3; by default %(default)s"
    )
    start.add_argument(
        "--backend",
        metavar="B",
        help="auto, docker or process; by default KAFKALAB_BACKEND, or auto",
    )
    start.add_argument(
        "--port",
        type=_port,
        metavar="P",
        help="client port of the first broker, or auto for any; by default 9092 if it is free",
    )
    start.add_argument("--name", default="lab", help="by default %(default)s")
    start.add_argument(
        "--timeout",
        type=_seconds,
        default=120.0,
        metavar="S",
        help="seconds to wait until it answers; by default %(default)g",
    )
    status = add("status", "show your clusters and services, and what earlier ones left behind")
    status.add_argument("--json", action="store_true", help="print JSON")
    stop = add("stop", "stop a standing cluster and remove its data")
    stop.add_argument("name", nargs="?", help="which one, if there are several")
    stop.add_argument(
        "--all",
        action="store_true",
        help="all standing clusters and everything that dead kernels left behind; "
        "clusters of running kernels are left alone",
    )


def _add_console(add: Callable[..., argparse.ArgumentParser]) -> None:
    console = add(
        "console",
        "run a line of the official documentation on the standing cluster",
        "Put the line in quotes. It reads from and writes to this terminal; "
        "Ctrl-C ends a consumer.",
    )
    console.add_argument("--name", help="which standing cluster, if there are several")
    console.add_argument("line", nargs=argparse.REMAINDER, help="such as 'bin/kafka-topics.sh …'")


def _add_machine(add: Callable[..., argparse.ArgumentParser]) -> None:
    """What concerns the machine."""
    prefetch = add(
        "prefetch",
        "download Kafka, to work offline later",
        "Notebooks 22, 24, 25, 27 and 29 run other systems next to Kafka. To download these as "
        "well, name them, such as redis, or give the numbers: kafkalab prefetch 22 24 25 27 29.",
    )
    prefetch.add_argument(
        "services",
        nargs="*",
        metavar="service",
        help="such as redis postgresql debezium jmx-exporter, or 22",
    )
    prefetch.add_argument(
        "--backend",
        metavar="B",
        choices=("auto", "docker", "process", "all"),
        default="auto",
        help="auto (what the notebooks will use here), docker, process or all",
    )
    doctor = add(
        "doctor",
        "find what is wrong with this machine, and print the command that fixes it",
        "The exit code is 1 if something would stop a notebook.",
    )
    doctor.add_argument("--json", action="store_true", help="print JSON")


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
