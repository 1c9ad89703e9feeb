"""How many events one visitor may send: a bucket of tokens each."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic


class RateLimit:
    """Lets a visitor send `burst` events at once, and `per_second` more each second.

    Parameters
    ----------
    per_second : float
    burst : int
    most_visitors : int
        How many are remembered; the one that was quiet longest is forgotten first.
    clock : callable
        Seconds.
    """

    def __init__(
        self,
        per_second: float,
        burst: int,
        most_visitors: int = 20_000,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._per_second = per_second
        self._burst = burst
        self._most_visitors = most_visitors
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, visitor: str, events: int) -> bool:
        """Take tokens for this many events, all or none; false where they do not suffice."""
        now = self._clock()
        tokens, since = self._buckets.pop(visitor, (float(self._burst), now))
        tokens = min(float(self._burst), tokens + (now - since) * self._per_second)
        enough = tokens >= events
        self._buckets[visitor] = (tokens - events if enough else tokens, now)
        if len(self._buckets) > self._most_visitors:
            self._buckets.popitem(last=False)
        return enough
