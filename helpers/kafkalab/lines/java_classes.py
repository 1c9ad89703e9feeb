"""Which classes of the distribution `kafka-run-class.sh` runs here."""

from __future__ import annotations

import difflib

from kafkalab.errors import KafkaLabError
from kafkalab.lines.scripts import RUN_CLASS
from kafkalab.releases import CURRENT

_EXAMPLES = "org.apache.kafka.streams.examples."
APPLICATIONS = (
    f"{_EXAMPLES}wordcount.WordCountDemo",
    f"{_EXAMPLES}wordcount.WordCountProcessorDemo",
    f"{_EXAMPLES}wordcount.WordCountTransformerDemo",
)
"""Applications of Kafka Streams that take a file of settings, and so the cluster's address."""
_FIXED_ADDRESS = (
    f"{_EXAMPLES}pageview.PageViewTypedDemo",
    f"{_EXAMPLES}pageview.PageViewUntypedDemo",
    f"{_EXAMPLES}pipe.PipeDemo",
    f"{_EXAMPLES}temperature.TemperatureDemo",
)
_SCRIPTS = {name: script for script, name in CURRENT.scripts.items()}


def tool_of(name: str) -> str | None:
    """The script behind which a class stands, or None."""
    return _SCRIPTS.get(name)


def require_application(name: str) -> None:
    """Refuse a class that is no application which can be told this cluster's address.

    Raises
    ------
    KafkaLabError
    """
    if name in APPLICATIONS:
        return
    if name.startswith("-"):
        raise KafkaLabError(
            f"{name} is an option for starting a server, and console runs one class.",
            fix="write the class first, and background=True if it should go on: "
            f'cluster.console("bin/{RUN_CLASS} {APPLICATIONS[0]}", background=True)',
        )
    if name in _FIXED_ADDRESS:
        raise KafkaLabError(
            f"{_short(name)} always connects to localhost:9092, "
            "and a line never reaches another cluster.",
            tried=f"to give {name} this cluster's address",
            fix=f"run one that takes the address from a file: {', '.join(APPLICATIONS)}",
        )
    raise KafkaLabError(
        f"{name} is not a class of Kafka's distribution that console runs.",
        tried="to find it among the tools' classes and the examples of Kafka Streams",
        fix=_nearest(name),
    )


def _nearest(name: str) -> str:
    known = (*APPLICATIONS, *_SCRIPTS)
    by_short = {_short(whole).lower(): whole for whole in known}
    close = difflib.get_close_matches(_short(name).lower(), by_short, n=1, cutoff=0.75)
    if not close:
        return (
            f"the classes are {', '.join(APPLICATIONS)}, and those of the tools; "
            "a program of your own runs in a terminal with its own java"
        )
    whole = by_short[close[0]]
    script = tool_of(whole)
    return f"write its name in full: {whole}" + (f", or bin/{script}" if script else "")


def _short(name: str) -> str:
    return name.rpartition(".")[2]
