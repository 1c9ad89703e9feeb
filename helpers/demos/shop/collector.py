"""The collector: takes beacons over HTTP, answers at once, and leaves Kafka to the queue."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector as MetricsSource
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from demos.shop.delivery import DeliveryQueue, FullError
from demos.shop.limits import RateLimit
from demos.shop.schema import BadEventError, Event, check

MOST_BYTES = 64 * 1024
"""Of a beacon; browsers send no larger one."""
MOST_EVENTS = 50
"""Of a beacon."""
_CONTENT_TYPES = ("application/json", "text/plain")
"""What `sendBeacon` sends: a Blob's own type, or text/plain for a text, without a preflight."""
_RETRY_SECONDS = "5"


class RefusedError(Exception):
    """A beacon that is not taken: the status, the reason for the counter, and the words."""

    def __init__(self, status: int, reason: str, words: str, *, events: int = 1) -> None:
        super().__init__(words)
        self.status = status
        self.reason = reason
        self.words = words
        self.events = events
        self.taken = 0


class Collector:
    """The routes under `/collector`.

    Parameters
    ----------
    queue : DeliveryQueue
    limit : RateLimit
    origins : sequence of str
        Other sites whose pages may report here, such as ``https://shop.example``.
    """

    def __init__(self, queue: DeliveryQueue, limit: RateLimit, origins: Sequence[str] = ()) -> None:
        self._queue = queue
        self._limit = limit
        self._origins = frozenset(origins)
        self._registry = CollectorRegistry()
        self._registry.register(_Metrics(queue))

    def routes(self) -> list[Route]:
        return [
            Route("/collector/events", self.take, methods=["POST"]),
            Route("/collector/events", self.preflight, methods=["OPTIONS"]),
            Route("/collector/health", self.health),
            Route("/collector/stats", self.stats),
            Route("/collector/metrics", self.metrics),
        ]

    async def take(self, request: Request) -> Response:
        """Answer 202 once every event of the beacon is in the queue."""
        headers = {}
        try:
            headers = self._cors(request)
            events = _events(await _body(request))
            self._check_rate(events)
            self._put(events)
        except RefusedError as refused:
            return self._refuse(refused, headers)
        return JSONResponse({"accepted": len(events)}, status_code=202, headers=headers)

    def _check_rate(self, events: Sequence[Event]) -> None:
        if not self._limit.allows(events[0]["visitor"], len(events)):
            words = "this visitor sends more events than one person causes; send fewer"
            raise RefusedError(429, "rate", words, events=len(events))

    def _put(self, events: Sequence[Event]) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        try:
            self._queue.put([{**event, "collector_time": now} for event in events])
        except FullError as error:
            left = len(events) - error.taken
            words = f"{left} of {len(events)} events have no room until Kafka answers again"
            refused = RefusedError(503, "full", words, events=left)
            refused.taken = error.taken
            raise refused from error

    def _refuse(self, refused: RefusedError, headers: Mapping[str, str]) -> Response:
        self._queue.counters.refused[refused.reason] += refused.events
        answer = {"accepted": refused.taken, "error": refused.words}
        retry = {"Retry-After": _RETRY_SECONDS} if refused.status in (429, 503) else {}
        return JSONResponse(answer, status_code=refused.status, headers={**headers, **retry})

    def _cors(self, request: Request) -> dict[str, str]:
        """What lets the page of an allowed site read the answer; another site's is refused."""
        origin = request.headers.get("origin")
        if origin is None or origin == f"{request.url.scheme}://{request.headers.get('host')}":
            return {}
        if origin not in self._origins:
            raise RefusedError(403, "origin", "pages of this site may not report here")
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Credentials": "true",  # sendBeacon asks with them
            "Vary": "Origin",
        }

    async def preflight(self, request: Request) -> Response:
        """What a browser asks before another site's page sends JSON."""
        try:
            allowed = self._cors(request)
        except RefusedError as refused:
            return self._refuse(refused, {})
        more = {
            "Access-Control-Allow-Methods": "POST",
            "Access-Control-Allow-Headers": "Content-Type",
            "Access-Control-Max-Age": "600",
        }
        return Response(status_code=204, headers={**allowed, **more})

    async def health(self, request: Request) -> Response:
        return JSONResponse({"status": "up"})

    async def stats(self, request: Request) -> Response:
        self._queue.serve()
        return JSONResponse(stats(self._queue))

    async def metrics(self, request: Request) -> Response:
        """The same for Prometheus."""
        self._queue.serve()
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)


def stats(queue: DeliveryQueue) -> dict[str, Any]:
    """What became of all events so far."""
    counters = queue.counters
    return {
        "accepted": counters.accepted,
        "delivered": counters.delivered,
        "failed": counters.failed,
        "waiting": queue.waiting,
        "refused": dict(sorted(counters.refused.items())),
        "by_activity": dict(sorted(counters.by_activity.items())),
    }


class _Metrics(MetricsSource):
    """The counters as Prometheus reads them."""

    def __init__(self, queue: DeliveryQueue) -> None:
        self._queue = queue

    def collect(self) -> Iterator[Metric]:
        counters = self._queue.counters
        yield _counter("accepted", "activity", counters.by_activity.items())
        done = (("delivered", counters.delivered), ("failed", counters.failed))
        yield _counter("done", "outcome", done)
        yield _counter("refused", "reason", counters.refused.items())
        yield GaugeMetricFamily(
            "shop_events_waiting", "Accepted events on their way", self._queue.waiting
        )


def _counter(what: str, label: str, counts: Iterable[tuple[str, int]]) -> Metric:
    family = CounterMetricFamily(f"shop_events_{what}", f"Events {what}", labels=[label])
    for name, count in counts:
        family.add_metric([name], count)
    return family


async def _body(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _CONTENT_TYPES:
        words = f"send {' or '.join(_CONTENT_TYPES)}, with JSON in it"
        raise RefusedError(415, "content_type", words)
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MOST_BYTES:
                words = f"a beacon must not be larger than {MOST_BYTES} bytes"
                raise RefusedError(413, "large", words)
    except ClientDisconnect as error:
        raise RefusedError(400, "bad", "the beacon ended in the middle") from error
    return bytes(body)


def _events(body: bytes) -> list[Event]:
    """The events of a beacon; all are as the schema says."""
    try:
        given = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, "bad", "the body is no JSON") from error
    events = given if isinstance(given, list) else [given]
    if not 0 < len(events) <= MOST_EVENTS:
        raise RefusedError(400, "bad", f"a beacon holds 1 to {MOST_EVENTS} events")
    for place, event in enumerate(events, start=1):
        try:
            check(event)
        except BadEventError as error:
            which = f"event {place}: " if len(events) > 1 else ""
            raise RefusedError(400, "bad", f"{which}{error}", events=len(events)) from error
    if len({event["visitor"] for event in events}) > 1:
        words = "all events of a beacon must be of one visitor"
        raise RefusedError(400, "bad", words, events=len(events))
    return events


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
