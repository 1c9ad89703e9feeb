"""The image that containers are made from: looked at, pulled with a progress bar, or refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from kafkalab.errors import KafkaLabError
from kafkalab.settings import Settings

if TYPE_CHECKING:
    import docker
from kafkalab.runtime.docker_engine import (
    CALL_SECONDS,
    LOOK_SECONDS,
    PROCESS_INSTEAD,
    engine_reference,
    plain_client,
    probe,
)

STALL_SECONDS = 60


def fetch_image(settings: Settings, what: str = "Kafka", variable: str = "KAFKALAB_IMAGE") -> None:
    """Pull the image where the engine lacks it, with a progress bar that clears itself.

    Parameters
    ----------
    settings : Settings
        Name the image.
    what : str
        What is to run from it.
    variable : str
        Names another image; errors tell of it.

    Raises
    ------
    KafkaLabError
        No engine, an engine that cannot be used from here, an image that cannot be pulled, a
        full disk, or a pull that stands still for a minute.
    """
    found = probe(settings, ping_seconds=LOOK_SECONDS)  # by now nothing else will do
    if not found.usable:
        raise KafkaLabError(
            found.reason, tried=f"to start {what} in containers of Docker", fix=found.fix
        )
    if not found.image_present:
        pull(settings.image, variable=variable)


def pull(
    image: str, stall_seconds: int = STALL_SECONDS, *, variable: str = "KAFKALAB_IMAGE"
) -> None:
    """Pull `image`; see `fetch_image`."""
    client = plain_client(CALL_SECONDS)
    _time_out_posts(client, stall_seconds)
    try:
        steps = client.api.pull(*_repository_and_tag(image), stream=True, decode=True)
        _follow(image, steps, stall_seconds)
    except Exception as error:
        raise _refusal(image, str(error), variable) from error
    finally:
        client.close()


class _PullError(Exception):
    """What the engine said of a pull that failed."""


def _time_out_posts(client: docker.DockerClient, seconds: int) -> None:
    """docker-py waits forever when it pulls, whatever timeout its client has."""
    post = client.api.post

    def timed_post(url: str, **options: Any) -> Any:
        return post(url, **{**options, "timeout": seconds})

    vars(client.api)["post"] = timed_post


def _repository_and_tag(image: str) -> tuple[str, str]:
    from docker.utils import parse_repository_tag

    repository, tag = parse_repository_tag(engine_reference(image))
    return repository, tag or "latest"


def _follow(image: str, steps: Iterator[dict[str, Any]], stall_seconds: int) -> None:
    """Show the bytes of all layers; notice a pull that talks without moving."""
    done: dict[str, int] = {}
    total: dict[str, int] = {}
    moved = time.monotonic()
    name = image.partition("@")[0]
    with tqdm(desc=f"pulling {name}", unit="B", unit_scale=True, leave=False) as bar:
        for step in steps:
            if "error" in step:
                raise _PullError(str(step["error"]))
            layer, detail = str(step.get("id", "")), step.get("progressDetail") or {}
            if step.get("status") == "Downloading" and "total" in detail:
                total[layer], done[layer] = detail["total"], detail["current"]
            elif step.get("status") in ("Download complete", "Pull complete"):
                done[layer] = total.get(layer, 0)
            elif not detail and "Retrying" not in str(step.get("status")):
                moved = time.monotonic()
            before = bar.n
            bar.total, bar.n = sum(total.values()) or None, sum(done.values())
            bar.refresh()
            if bar.n != before or step.get("status") == "Extracting":
                moved = time.monotonic()
            if time.monotonic() - moved > stall_seconds:
                raise _PullError(f"nothing more came for {stall_seconds} s: timed out")


_OFFLINE = (
    "connect to the network and run this again; where image registries cannot be reached, "
    f"use processes: {PROCESS_INSTEAD}"
)


# what the engine says → why, and what fixes it
_PULL_TROUBLE: tuple[tuple[str, str, str], ...] = (
    # first: "lookup registry…: no such host" is a network that is away, not an absent image
    ("no such host", "its registry cannot be reached", _OFFLINE),
    ("no space left", "the disk of the Docker engine is full", "docker system prune"),
    ("toomanyrequests", "the registry's rate limit is reached", "docker login, or wait an hour"),
    (
        "no matching manifest",
        "there is none for this kind of processor",
        "unset {variable} to use the pinned image, which is made for all",
    ),
    (
        "manifest unknown|not found|does not exist|invalid reference|denied",
        "there is no such image, or it needs a login",
        "correct {variable}, or unset it to use the pinned image; docker login for a private one",
    ),
    ("timed out|timeout|deadline exceeded", "no answer in time", _OFFLINE),
)


def _refusal(image: str, text: str, variable: str) -> KafkaLabError:
    why, fix = next(
        (
            (why, fix)
            for marks, why, fix in _PULL_TROUBLE
            if any(mark in text.lower() for mark in marks.split("|"))
        ),
        ("its registry cannot be reached", _OFFLINE),
    )
    return KafkaLabError(
        f"The image {image} cannot be pulled: {why}.",
        tried=f"docker pull {image}",
        fix=fix.format(variable=variable),
        log=text.splitlines()[-2:],
    )
