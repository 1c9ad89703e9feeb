"""The shop's pages: they know no visitor, and nothing of them waits for Kafka."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from demos.shop import catalogue

_HERE = Path(__file__).parent
_TEMPLATES = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.globals.update(categories=catalogue.CATEGORIES, euros=catalogue.euros)
_LONGEST_QUERY = 100
_HEADERS = {
    "Cache-Control": "no-store",  # so that a visit is a visit
    "Content-Security-Policy": "default-src 'self'; style-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'self'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def _page(page: str, status: int = 200, **facts: str) -> Response:
    return HTMLResponse(_rendered(page, **facts), status, _HEADERS)


@lru_cache(maxsize=200)
def _rendered(page: str, **facts: str) -> str:
    """A page by what is asked for: nothing in it is of a visitor."""
    context: dict[str, Any] = {"page": page, "products": catalogue.PRODUCTS, **facts}
    if page == "category":
        context["products"] = catalogue.in_category(facts["category"])
    elif page == "product":
        shown = context["product"] = catalogue.BY_ID[facts["product"]]
        shelf = catalogue.in_category(shown.category)
        context["products"] = [product for product in shelf if product is not shown]
    elif page == "search":
        context["products"] = catalogue.found_by(facts["query"])
    return _TEMPLATES.get_template(f"{page}.html").render(context)


async def front(request: Request) -> Response:
    return _page("front")


async def category(request: Request) -> Response:
    name = request.path_params["category"]
    if name not in catalogue.CATEGORIES:
        raise HTTPException(404)
    return _page("category", category=name)


async def product(request: Request) -> Response:
    name = request.path_params["product"]
    if name not in catalogue.BY_ID:
        raise HTTPException(404)
    return _page("product", product=name)


async def search(request: Request) -> Response:
    query = " ".join(request.query_params.get("q", "").split())[:_LONGEST_QUERY]
    return _page("search", query=query)


async def basket(request: Request) -> Response:
    return _page("basket")


async def checkout(request: Request) -> Response:
    return _page("checkout")


async def thanks(request: Request) -> Response:
    return _page("thanks")


async def missing(request: Request, error: Exception) -> Response:
    """What an address shows that the shop does not have."""
    return _page("missing", status=404)


def routes() -> list[BaseRoute]:
    return [
        Route("/", front),
        Route("/category/{category}", category),
        Route("/product/{product}", product),
        Route("/search", search),
        Route("/basket", basket),
        Route("/checkout", checkout),
        Route("/thanks", thanks),
        Mount("/static", StaticFiles(directory=_HERE / "static")),
    ]
