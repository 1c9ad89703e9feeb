"""The process of the shop: its pages and its collector, on one port of loopback.

`python -m demos.shop.server FILE MARK`: FILE holds the `Options` as JSON; MARK is a word by which
the process is found.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from demos.private_file import write_private
from demos.shop import access, pages
from demos.shop.collector import Collector, stats
from demos.shop.delivery import DeliveryQueue, RecordTime
from demos.shop.limits import RateLimit

LAST_WORD = "the collector has ended: "
"""What the last line of its log begins with; JSON follows."""
_SERVE_SECONDS = 0.05
"""How often delivered events are counted."""
log = logging.getLogger("demos.shop")


@dataclass(frozen=True)
class Options:
    """What a shop is started with.

    Attributes
    ----------
    client_config : mapping
        How the cluster is reached, by librdkafka's names.
    host : str
    port : int
    capacity : int
        How many accepted events may wait for Kafka; more are refused with 503.
    delivery_seconds : float
        How long an accepted event is tried.
    flush_seconds : float
        How long a shop that is stopped goes on trying.
    per_second, burst : float, int
        How many events one visitor may send.
    origins : tuple of str
        Other sites whose pages may report here.
    hosts : tuple of str
        The names by which it may be reached. A page of another site whose name leads here all at
        once (DNS rebinding) would count as one of its own. Behind a proxy that ends TLS, the
        shop's public name belongs in `hosts`, and its address, such as ``https://shop.example``,
        in `origins`.
    record_time : str
        Whose time a record's timestamp is: ``collector`` or ``client``.
    access_log : str
        A file that gets a line for each request; empty for none, since it holds addresses.
    """

    client_config: Mapping[str, Any]
    host: str = "127.0.0.1"
    port: int = 0
    capacity: int = 100_000
    delivery_seconds: float = 300.0
    flush_seconds: float = 10.0
    per_second: float = 20.0
    burst: int = 200
    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost")
    record_time: RecordTime = "collector"
    access_log: str = ""

    def write(self, file: Path) -> None:
        write_private(file, json.dumps(asdict(self), default=str))

    @classmethod
    def read(cls, file: Path) -> Options:
        return cls(**json.loads(file.read_text(encoding="utf-8")))


def application(options: Options, queue: DeliveryQueue) -> Starlette:
    """The whole of it as an ASGI application."""
    limit = RateLimit(options.per_second, options.burst)
    collector = Collector(queue, limit, options.origins)

    @contextlib.asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        serving = asyncio.create_task(_serve(queue))
        try:
            yield
        finally:
            serving.cancel()
            await asyncio.to_thread(_close, queue, options.flush_seconds)

    return Starlette(
        routes=[*collector.routes(), *pages.routes()],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=list(options.hosts))],
        exception_handlers={404: pages.missing},
        lifespan=life,
    )


def queue_of(options: Options) -> DeliveryQueue:
    """The way to Kafka that these options describe."""
    return DeliveryQueue(
        options.client_config, options.capacity, options.delivery_seconds, options.record_time
    )


async def _serve(queue: DeliveryQueue) -> None:
    """Count what has been delivered, so that the queue has room again."""
    while True:
        queue.serve()
        await asyncio.sleep(_SERVE_SECONDS)


def _close(queue: DeliveryQueue, seconds: float) -> None:
    left = queue.close(seconds)
    if left:
        log.error("%d accepted events could not be delivered in %g seconds", left, seconds)
    log.warning("%s%s", LAST_WORD, json.dumps(stats(queue)))


def main() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    options = Options.read(Path(sys.argv[1]))
    if options.access_log:
        access.write_to(options.access_log)
    queue = queue_of(options)
    uvicorn.run(
        application(options, queue),
        host=options.host,
        port=options.port,
        log_config=None,
        access_log=bool(options.access_log),
        server_header=False,
        timeout_graceful_shutdown=2,
        # longer than Retry-After: who comes back on a connection must not meet its end
        timeout_keep_alive=75,
    )


if __name__ == "__main__":
    main()
