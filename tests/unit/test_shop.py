"""The shop's collector without a broker: what it takes, what it refuses, and in which words."""

from __future__ import annotations

import json
import random
import re
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from demos.shop import schema
from demos.shop.catalogue import BY_ID, CATEGORIES, found_by
from demos.shop.limits import RateLimit
from demos.shop.schema import BadEventError, check
from demos.shop.scripts import SESSION_GAP_SECONDS, script
from demos.shop.server import Options, application, queue_of
from kafkalab.common.deadline import Deadline

VISITOR = "0f8fad5b-d9cb-469f-a165-70867728950e"
OPTIONS = Options(
    client_config={"bootstrap.servers": "127.0.0.1:9"}, capacity=1000, flush_seconds=0
)
"""Nobody listens on the port discard: what is accepted waits."""


def view(**changes: Any) -> dict[str, Any]:
    event = {
        "version": 2,
        "event_id": str(uuid.uuid4()),
        "visitor": VISITOR,
        "activity": "page_view",
        "client_time": "2026-11-28T20:15:00.000Z",
        "device": "phone",
        "page": "front",
    }
    return {name: value for name, value in {**event, **changes}.items() if value is not ...}


def purchase(**changes: Any) -> dict[str, Any]:
    details = {
        "activity": "purchase",
        "page": ...,
        "order": str(uuid.uuid4()),
        "items": [{"product": "mug", "quantity": 2, "cents": 1450}],
        "total_cents": 2900,
    }
    return view(**{**details, **changes})


def client_of(options: Options) -> TestClient:
    return TestClient(application(options, queue_of(options)), base_url="http://127.0.0.1:32000")


@pytest.fixture
def shop() -> Iterator[TestClient]:
    with client_of(OPTIONS) as client:
        yield client


def send(client: TestClient, body: object, **headers: str) -> tuple[int, dict[str, Any]]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"content-type": "application/json", **headers}
    answer = client.post("/collector/events", content=content, headers=given)
    return answer.status_code, answer.json()


def stats(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/collector/stats").json()
    return found


# --- the schema -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "event",
    [
        view(),
        view(version=1, device=...),
        view(page="product", product="mug", category="cups"),
        view(activity="search", page=..., query="tea", results=0),
        view(activity="basket", page=..., action="remove", product="mug", quantity=99),
        purchase(),
    ],
)
def test_events_that_the_schema_allows(event: dict[str, Any]) -> None:
    assert check(event) is event


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ("view", "must be a JSON object"),
        (None, "must be a JSON object"),
        (view(version=3), "version must be 1 or 2"),
        (view(version=True), "version must be 1 or 2"),
        (view(version=[]), "version must be 1 or 2"),
        (view(event_id=...), "the field event_id is missing"),
        (view(event_id="7"), "event_id must be a UUID"),
        (view(event_id=7), "event_id must be a UUID"),
        (view(event_id=str(uuid.uuid4()).upper()), "event_id must be a UUID in lower case"),
        (view(visitor="a@b.example"), "visitor must be 8 to 40 letters"),
        (view(visitor=f"{VISITOR}\n"), "visitor must be 8 to 40 letters"),
        (view(activity="login"), "activity must be one of"),
        (view(activity=["page_view"]), "activity must be one of"),
        (view(client_time="yesterday"), "client_time must be an ISO 8601 time"),
        (view(client_time="2026-11-28T20:15:00"), "with its offset from UTC"),
        (view(device=...), "the field device is missing"),
        (view(version=1), "page_view of version 1 has no field 'device'"),
        (view(email="a@b.example"), "page_view of version 2 has no field 'email'"),
        (view(product="kettle"), "product must be a product of the catalogue"),
        (view(product={}), "product must be a product of the catalogue"),
        (view(activity="search", page=..., query="", results=1), "query must be a text of 1"),
        (view(activity="search", page=..., query="x" * 101, results=1), "of 1 to 100 char"),
        (view(activity="search", page=..., query="x", results=1.5), "results must be a whole"),
        (purchase(items=[]), "items must be a list of 1 to 50"),
        (purchase(items=[{"product": "mug"}]), "items must be a list of 1 to 50"),
        (purchase(items=["mug"]), "items must be a list of 1 to 50"),
        (purchase(total_cents=2901), "total_cents must be the sum"),
    ],
)
def test_bad_events_are_told_what_is_wrong(event: Any, words: str) -> None:
    with pytest.raises(BadEventError, match=words):
        check(event)


def test_the_page_that_documents_the_schema_is_the_schema() -> None:
    """`python -m demos.shop.schema` writes it."""
    file = Path(schema.__file__).with_name("events.md")
    assert file.read_text(encoding="utf-8") == schema.page()


# --- the collector ----------------------------------------------------------------------------


def test_an_accepted_event_waits_for_kafka_and_the_page_does_not(shop: TestClient) -> None:
    assert send(shop, view()) == (202, {"accepted": 1})
    assert send(shop, [view(), purchase()]) == (202, {"accepted": 2})
    found = stats(shop)
    assert (found["accepted"], found["waiting"], found["delivered"]) == (3, 3, 0)
    assert found["by_activity"] == {"page_view": 2, "purchase": 1}


@pytest.mark.parametrize("kind", ["text/plain;charset=UTF-8", "application/json"])
def test_it_takes_what_a_beacon_sends(shop: TestClient, kind: str) -> None:
    assert send(shop, view(), **{"content-type": kind})[0] == 202


@pytest.mark.parametrize(
    ("body", "status", "reason", "words"),
    [
        (b"", 400, "bad", "the body is no JSON"),
        (b"{", 400, "bad", "the body is no JSON"),
        (b"\xff", 400, "bad", "the body is no JSON"),
        (b"[" * 60_000, 400, "bad", "the body is no JSON"),
        (b'{"version": NaN}', 400, "bad", "the body is no JSON"),
        ([], 400, "bad", "a beacon holds 1 to 50 events"),
        ([view()] * 51, 400, "bad", "a beacon holds 1 to 50 events"),
        ([view(), view(page="back")], 400, "bad", "event 2: page must be one of"),
        ([view(), view(visitor="somebody-else")], 400, "bad", "must be of one visitor"),
        (b" " * 65_537, 413, "large", "must not be larger than 65536 bytes"),
    ],
)
def test_what_is_refused_is_told_why_and_counted(
    shop: TestClient, body: object, status: int, reason: str, words: str
) -> None:
    code, answer = send(shop, body)
    assert (code, answer["accepted"]) == (status, 0)
    assert words in answer["error"]
    found = stats(shop)
    assert found["accepted"] == 0
    assert list(found["refused"]) == [reason]


def test_another_kind_of_body_is_refused(shop: TestClient) -> None:
    code, answer = send(shop, view(), **{"content-type": "text/html"})
    assert (code, stats(shop)["refused"]) == (415, {"content_type": 1})
    assert "application/json or text/plain" in answer["error"]


def test_a_visitor_that_sends_too_much_is_told_to_wait() -> None:
    with client_of(replace(OPTIONS, burst=3, per_second=0.001)) as shop:
        assert send(shop, [view(), view()])[0] == 202
        code, answer = send(shop, [view(), view()])
        assert (code, answer["accepted"]) == (429, 0)
        assert send(shop, view())[0] == 202, "what still fits"
        assert send(shop, view(visitor="somebody-else"))[0] == 202
        assert stats(shop)["refused"] == {"rate": 2}


def test_what_has_no_room_is_refused_and_never_dropped() -> None:
    with client_of(replace(OPTIONS, capacity=5)) as shop:
        assert send(shop, [view() for _ in range(4)])[0] == 202
        answer = shop.post("/collector/events", json=[view(), view()])
        assert answer.status_code == 503
        assert float(answer.headers["retry-after"]) > 0
        assert answer.json()["error"].startswith("2 of 2 events have no room")
        assert send(shop, view())[0] == 202
        found = stats(shop)
        assert (found["accepted"], found["waiting"]) == (5, 5)
        assert found["refused"] == {"full": 2}


def test_what_is_not_delivered_in_time_is_counted_as_failed() -> None:
    with client_of(replace(OPTIONS, delivery_seconds=1)) as shop:
        send(shop, [view(), view()])
        assert Deadline(20).wait_for(lambda: stats(shop)["failed"] == 2, poll=0.1)
        assert stats(shop)["waiting"] == 0


def test_prometheus_reads_the_same_counts(shop: TestClient) -> None:
    send(shop, [view(), purchase()])
    send(shop, b"{")
    text = shop.get("/collector/metrics").text
    assert 'shop_events_accepted_total{activity="purchase"} 1.0' in text
    assert 'shop_events_refused_total{reason="bad"} 1.0' in text
    assert "shop_events_waiting 2.0" in text


def test_pages_of_other_sites_report_only_where_they_may() -> None:
    friend, stranger = "https://shop.example", "https://other.example"
    asked = {"access-control-request-method": "POST"}
    with client_of(replace(OPTIONS, origins=(friend,))) as shop:
        own = send(shop, view(), origin="http://127.0.0.1:32000")
        assert own[0] == 202
        assert send(shop, view(), origin=friend)[0] == 202
        assert send(shop, view(), origin=stranger)[0] == 403
        assert send(shop, view(), origin="null")[0] == 403
        may = shop.options("/collector/events", headers={"origin": friend, **asked})
        assert may.status_code == 204
        assert may.headers["access-control-allow-origin"] == friend
        may_not = shop.options("/collector/events", headers={"origin": stranger, **asked})
        assert may_not.status_code == 403
        assert "access-control-allow-origin" not in may_not.headers
        assert stats(shop)["refused"] == {"origin": 3}


@pytest.mark.parametrize(
    "bad",
    [
        view(activity="search", page=..., query="tea \ud800", results=0),
        view(client_time="2026-11-28\ud80020:15:00+00:00"),
    ],
)
def test_a_lone_surrogate_refuses_the_whole_beacon(shop: TestClient, bad: dict[str, Any]) -> None:
    """It cannot be written as UTF-8: without the check, the event before it was accepted."""
    code, answer = send(shop, [view(), bad])
    assert (code, answer["accepted"]) == (400, 0)
    assert stats(shop)["accepted"] == 0


def test_a_name_that_is_not_its_own_is_refused() -> None:
    """Else a page of any site whose name is made to lead here counts as its own (DNS rebinding)."""
    other = {"host": "other.example:32000", "origin": "http://other.example:32000"}
    with client_of(OPTIONS) as shop:
        answer = shop.post("/collector/events", json=view(), headers=other)
        assert answer.status_code == 400
        assert shop.get("/collector/stats", headers=other).status_code == 400
        assert shop.get("/", headers={"host": "localhost:32000"}).status_code == 200
        assert stats(shop)["accepted"] == 0
    behind = replace(OPTIONS, hosts=("shop.example",), origins=("https://shop.example",))
    with client_of(behind) as shop:
        own = {"host": "shop.example", "origin": "https://shop.example"}
        answer = shop.post("/collector/events", json=view(), headers=own)
        assert answer.status_code == 202


# --- limits, pages, scripts -------------------------------------------------------------------


def test_tokens_come_back_with_time_and_quiet_visitors_are_forgotten() -> None:
    now = [0.0]
    limit = RateLimit(2, 10, most_visitors=2, clock=lambda: now[0])
    assert limit.allows("a", 10)
    assert not limit.allows("a", 1)
    now[0] = 2.0
    assert limit.allows("a", 4)
    assert not limit.allows("a", 1)
    assert limit.allows("b", 1)
    assert limit.allows("c", 1)
    assert limit.allows("a", 10), "forgotten, so new"


def test_every_page_answers_and_escapes_what_it_was_asked(shop: TestClient) -> None:
    paths = ["/", "/basket", "/checkout", "/thanks", "/search", "/search?q=tea"]
    paths += [f"/category/{name}" for name in CATEGORIES]
    paths += [f"/product/{name}" for name in BY_ID]
    for path in paths:
        assert shop.get(path).status_code == 200, path
    for path in ("/nothing", "/product/kettle", "/category/kettles"):
        assert shop.get(path).status_code == 404
    searched = shop.get('/search?q="><script>alert(1)</script>').text
    assert "<script>alert" not in searched
    assert 'style="' not in searched, "its own policy forbids it"


def test_search_finds_products_with_all_words() -> None:
    assert [product.id for product in found_by("GREEN pot")] == ["kyusu"]
    assert found_by("") == found_by("   ") == []


def test_the_same_seed_is_the_same_people_and_every_event_is_good() -> None:
    people = [script(23, number) for number in range(50)]
    assert people == [script(23, number) for number in range(50)]
    assert people != [script(24, number) for number in range(50)]
    stamp = {"version": 2, "client_time": "2026-11-28T20:15:00Z"}
    events = [event for steps in people for step in steps for event in step.events]
    for event in events:
        check({**stamp, **event})
    assert len({event["event_id"] for event in events}) == len(events)
    assert set(Counter(event["activity"] for event in events)) == set(schema.ACTIVITIES)


def test_sessions_of_a_visitor_are_told_by_their_gap() -> None:
    seed = random.randrange(10**6)
    for number in range(200):
        steps = script(seed, number)
        times = [step.second for step in steps]
        assert times == sorted(times), seed
        assert 0 <= times[0] <= times[-1] < 24 * 60 * 60, seed
        starts = [step.second for step in steps if step.path == "/"]
        gaps = [b - a for a, b in pairwise(times)]
        assert sum(gap > SESSION_GAP_SECONDS for gap in gaps) == len(starts) - 1, seed


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("front", "behind"),
    [
        *(("ink", "page"), ("ink", "sheet"), ("soft", "page"), ("soft", "sheet")),
        *(("accent-ink", "page"), ("accent-ink", "sheet"), ("on-accent", "accent")),
        ("on-accent", "accent-hover"),
    ],
)
def test_words_can_be_read_in_both_themes(theme: int, front: str, behind: str) -> None:
    """WCAG AA: a contrast of 4.5."""
    sheet = Path(schema.__file__).with_name("static") / "shop.css"
    root = re.findall(r":root \{(.*?)\}", sheet.read_text(encoding="utf-8"), re.S)[theme]
    colors = dict(re.findall(r"--([\w-]+): #([0-9a-f]{6})\b", root))
    light, dark = sorted((luminance(colors[name]) for name in (front, behind)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def luminance(color: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    parts = [int(color[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
