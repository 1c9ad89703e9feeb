"""A person clicks through the shop: each click is a record, and no record is anything else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from demos.shop import Shop
from kafkalab import KafkaCluster, wait_until
from tests import activity

Said = list[tuple[str, dict[str, Any]]]
ENVELOPE = {
    *("version", "event_id", "visitor", "activity", "client_time", "device"),
    "collector_time",
}
TEAS = 5
"""What the shop finds for tea."""


@pytest.fixture(scope="module")
def kafka() -> Iterator[KafkaCluster]:
    with KafkaCluster(backend="process", name="clicked") as running:
        yield running


@pytest.fixture(scope="module")
def shop(kafka: KafkaCluster) -> Iterator[Shop]:
    with Shop(kafka, name="clicked") as running:
        yield running


@pytest.fixture
def person(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that was never here."""
    context = browser.new_context(viewport={"width": 900, "height": 700})
    context.set_default_timeout(30_000)
    yield context
    context.close()


def records(kafka: KafkaCluster, shop: Shop, since: dict[str, int], number: int) -> Said:
    """What was said, without its envelope, by the time of the clicks."""

    def arrived() -> bool:
        return sum(activity.ends(kafka.client_config).values()) - sum(since.values()) >= number

    wait_until(f"{number} records are there", arrived)
    wait_until("nothing is on its way", lambda: shop.stats()["waiting"] == 0)
    found = list(activity.events(kafka.client_config, since))
    assert len({event["visitor"] for event in found}) == 1
    assert {event["version"] for event in found} == {2}
    assert {event["device"] for event in found} == {"desktop"}
    assert len({event["event_id"] for event in found}) == len(found)
    assert shop.stats()["refused"] == {}
    return [
        (event["activity"], {k: v for k, v in event.items() if k not in ENVELOPE})
        for event in found
    ]


def of(activity_name: str, said: Said) -> list[dict[str, Any]]:
    """The details of one activity, in order."""
    return [details for name, details in said if name == activity_name]


def view(page: str, **more: str) -> tuple[str, dict[str, Any]]:
    return "page_view", {"page": page, **more}


def put(product: str, action: str = "add") -> tuple[str, dict[str, Any]]:
    return "basket", {"action": action, "product": product, "quantity": 1}


def test_each_click_is_a_record(kafka: KafkaCluster, shop: Shop, person: BrowserContext) -> None:
    since = activity.ends(kafka.client_config)
    page = person.new_page()
    expected: Said = []

    page.goto(shop.url)
    expected += [view("front")]
    page.get_by_role("navigation").get_by_role("link", name="Pots").click()
    expected += [view("category", category="pots")]
    page.get_by_role("link", name="Moka pot").click()
    expected += [view("product", product="moka", category="pots")]
    for _ in range(2):
        page.get_by_role("button", name="Add to the basket", exact=True).click()
        expected += [put("moka")]
    search_for(page, "tea")
    expected += [view("search"), ("search", {"query": "tea", "results": TEAS})]
    page.get_by_role("button", name="Add Sencha").click()
    expected += [put("sencha")]
    page.get_by_role("link", name="Leaf & Bean").click()
    expected += [view("front")]
    page.go_back()
    expected += [view("search"), ("search", {"query": "tea", "results": TEAS})]
    page.get_by_role("link", name="Basket").click()
    expected += [view("basket")]
    page.get_by_role("button", name="Remove one Moka pot").click()
    expected += [put("moka", "remove")]
    expect(page.locator("[data-total]")).to_have_text("€38.40")
    page.get_by_role("link", name="To the checkout").click()
    expected += [view("checkout")]
    page.get_by_role("button", name="Place the order").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    expect(page.get_by_role("link", name="Basket")).to_have_text("Basket 0")
    items = [
        {"product": "sencha", "quantity": 1, "cents": 950},
        {"product": "moka", "quantity": 1, "cents": 2890},
    ]
    expected += [("purchase", {"items": items, "total_cents": 3840}), view("thanks")]

    said = records(kafka, shop, since, len(expected))
    orders = [details.pop("order") for details in of("purchase", said)]
    assert len(orders) == 1
    for name in ("page_view", "search", "basket", "purchase"):
        assert of(name, said) == of(name, expected), name


def search_for(page: Page, words: str) -> None:
    page.get_by_role("searchbox", name="Search the shop").fill(words)
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_role("heading", name=f"found for “{words}”")).to_be_visible()


def test_the_last_click_before_a_page_is_closed_is_not_lost(
    kafka: KafkaCluster, shop: Shop, person: BrowserContext
) -> None:
    since = activity.ends(kafka.client_config)
    page = person.new_page()
    page.goto(f"{shop.url}product/bowl")
    page.get_by_role("button", name="Add to the basket", exact=True).click()
    page.close(run_before_unload=True)
    said = records(kafka, shop, since, 2)
    assert said.count(put("bowl")) == 1
    assert said.count(view("product", product="bowl", category="cups")) == 1
    assert len(said) == 2


def test_it_works_in_a_frame_of_another_site_and_with_the_keyboard(
    kafka: KafkaCluster, shop: Shop, person: BrowserContext
) -> None:
    since = activity.ends(kafka.client_config)
    page = person.new_page()
    page.set_content(f'<iframe title="Shop" src="{shop.url}" width="880" height="650"></iframe>')
    inside = page.frame_locator("iframe")
    button = inside.get_by_role("button", name="Add Assam")
    button.focus()
    page.keyboard.press("Enter")
    expect(inside.get_by_role("link", name="Basket")).to_have_text("Basket 1")
    expect(inside.get_by_role("status")).to_have_text("Assam: 1 in the basket")
    page.keyboard.press("Space")
    said = records(kafka, shop, since, 3)
    assert of("basket", said) == [put("assam")[1]] * 2
    assert of("page_view", said) == [view("front")[1]]
    assert len(said) == 3


@pytest.mark.parametrize("width", [360, 900, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_scrolls_sideways_or_complains(
    browser: Browser, shop: Shop, width: int, scheme: Any
) -> None:
    with browser.new_context(
        viewport={"width": width, "height": 700}, color_scheme=scheme
    ) as context:
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        for path in ("", "category/tea", "product/mug", "search?q=pot", "basket", "checkout"):
            page.goto(f"{shop.url}{path}")
            if path == "product/mug":
                page.get_by_role("button", name="Add to the basket", exact=True).click()
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert said == []
