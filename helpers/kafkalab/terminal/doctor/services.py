"""What runs beside Kafka in some notebooks: whether and how it could start here."""

from __future__ import annotations

from collections.abc import Iterator

from kafkalab.errors import KafkaLabError
from kafkalab.install import jars
from kafkalab.services import choice
from kafkalab.services.description import Description
from kafkalab.services.known import KNOWN
from kafkalab.settings import Settings
from kafkalab.terminal.doctor.finding import Finding, Severity


def check_services(settings: Settings) -> Iterator[Finding]:
    """Each service that the package knows; most notebooks need none of them."""
    for service in KNOWN.values():
        yield _check(settings, service)


def _check(settings: Settings, service: Description) -> Finding:
    try:
        decision = choice.decide(settings, service, settings.backend)
        if decision.name == "process":
            program = choice.require_program(settings, service)
            own = service.process.jars
            if own is not None and jars.find_cached(settings.cache, own) is None:
                return _not_here(service, f"The jars of {own.title}", "fetches", own.megabytes)
            return Finding(service.name, Severity.OK, f"{service.title} runs from {program}")
    except KafkaLabError as error:
        seen = f"{error.what} The notebooks that need it say so."
        return Finding(service.name, Severity.NOTE, seen, error.fix)
    return _check_image(settings, service)


def _check_image(settings: Settings, service: Description) -> Finding:
    from dataclasses import replace

    from kafkalab.runtime import docker_engine

    image = service.image(settings)
    engine = docker_engine.probe(replace(settings, image=image))
    if not engine.usable:
        seen = f"{service.title} would run in Docker: {engine.reason}"
        return Finding(service.name, Severity.NOTE, seen, engine.fix)
    if not engine.image_present:
        return _not_here(service, f"The image {image}", "pulls", service.container.megabytes)
    lacking = service.container.jars
    if lacking is not None and jars.find_cached(settings.cache, lacking) is None:
        return _not_here(service, f"The jars of {lacking.title}", "fetches", lacking.megabytes)
    return Finding(service.name, Severity.OK, f"{service.title} runs from the image {image}")


def _not_here(service: Description, what: str, brings: str, megabytes: int) -> Finding:
    """What a start would bring first."""
    are, them = ("is", "it") if brings == "pulls" else ("are", "them")
    seen = (
        f"{what} {are} not here; a notebook that needs {service.title} {brings} {them} first "
        f"(about {megabytes} MB)."
    )
    return Finding(service.name, Severity.NOTE, seen, f"kafkalab prefetch {service.name}")
