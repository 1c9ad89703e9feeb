"""Measures and writes `benchmarks/results.md`: `make bench`, or `python -m benchmarks`."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import report, sections
from benchmarks.machine import describe
from kafkalab.install import class_archive
from kafkalab.install.kafka import provide
from kafkalab.runtime import docker_engine
from kafkalab.settings import Settings

RESULTS = Path(__file__).with_name("results.md")
ROOT = Path(__file__).resolve().parents[1]
LIMIT_SECONDS = 600


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="by default %(default)s")
    parser.add_argument("--no-docker", action="store_true", help="processes only")
    options = parser.parse_args()
    settings = Settings.from_environment()
    kafka = provide(settings)
    with tempfile.TemporaryDirectory(prefix="kafkalab-bench-") as folder:
        home = kafka.class_path[0].parent.parent
        cold = replace(settings, cache=Path(folder) / "cold", kafka_home=home)
        warm = replace(settings, cache=Path(folder) / "warm", kafka_home=home)
        before = time.perf_counter()
        archive = class_archive.train(warm.cache, kafka)
        made = {"seconds": time.perf_counter() - before, "bytes": archive.stat().st_size}
        with_docker = not options.no_docker and _docker_ready(settings)
        text = report.render(
            machine=describe(kafka),
            made=made,
            starts=_measure_starts(cold, warm, options.rounds, with_docker),
            tools=_run("benchmarks.tools", [str(options.rounds)], warm),
            reads=_run("benchmarks.reads", [str(options.rounds)], warm),
        )
    print(text)
    earlier = RESULTS.read_text(encoding="utf-8") if RESULTS.is_file() else ""
    RESULTS.write_text(sections.keep(text, earlier), encoding="utf-8")


def _docker_ready(settings: Settings) -> bool:
    engine = docker_engine.probe(settings)
    return engine.usable and engine.image_present


def _measure_starts(
    cold: Settings, warm: Settings, rounds: int, with_docker: bool
) -> dict[str, list[dict[str, Any]]]:
    """All kinds take turns, so that what else the machine does meets all alike."""
    kinds: dict[str, tuple[Settings, list[str]]] = {
        "stock": (warm, ["stock"]),
        "process, 1, cold": (cold, ["process", "1"]),
        "process, 1, warm": (warm, ["process", "1"]),
        "process, 3, cold": (cold, ["process", "3"]),
        "process, 3, warm": (warm, ["process", "3"]),
    }
    if with_docker:
        kinds["stock, docker"] = (warm, ["stock-docker"])
        kinds["docker, 1, warm"] = (warm, ["docker", "1"])
        kinds["docker, 3, warm"] = (warm, ["docker", "3"])
    starts: dict[str, list[dict[str, Any]]] = {name: [] for name in kinds}
    _run("benchmarks.one", ["process", "1"], warm)  # makes the format template
    for number in range(1, rounds + 1):
        for name, (settings, arguments) in kinds.items():
            shutil.rmtree(cold.cache, ignore_errors=True)
            result = _run("benchmarks.one", arguments, settings)
            starts[name].append(result)
            seconds = result["first_record"]
            print(f"round {number}, {name}: {seconds:.2f} s", file=sys.stderr, flush=True)
    return starts


def _run(module: str, arguments: list[str], settings: Settings) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=_environment(settings),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        timeout=LIMIT_SECONDS,
        check=True,
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _environment(settings: Settings) -> Mapping[str, str]:
    own = {name: text for name, text in os.environ.items() if not name.startswith("KAFKALAB_")}
    return {
        **own,
        "KAFKALAB_CACHE": str(settings.cache),
        "KAFKALAB_KAFKA_HOME": str(settings.kafka_home),
        "KAFKALAB_IMAGE": settings.image,
    }


if __name__ == "__main__":
    main()
