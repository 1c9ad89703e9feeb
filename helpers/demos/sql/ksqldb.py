"""ksqlDB's form of the queries of notebook 27, for a server that somebody runs.

The statements are in `orders.ksql`. Where `KAFKALAB_KSQLDB_URL` names a server that reads the
notebook's cluster, they run there; nothing here starts one.
"""

from __future__ import annotations

from importlib import resources

import httpx

SECONDS = 60.0
ACCEPTED = "application/vnd.ksql.v1+json"
FROM_BEGINNING = {"ksql.streams.auto.offset.reset": "earliest"}


def statements() -> list[str]:
    """The statements of `orders.ksql`, in order, each with its semicolon."""
    text = resources.files("demos.sql").joinpath("orders.ksql").read_text(encoding="utf-8")
    return [f"{part.strip()};" for part in text.split(";") if part.strip()]


def run(url: str, statement: str, transport: httpx.BaseTransport | None = None) -> str:
    """Carry out a statement that begins with CREATE, DROP or the like.

    Parameters
    ----------
    url : str
        The server's address.
    statement : str
    transport : httpx.BaseTransport, optional
        For tests.

    Returns
    -------
    str
        What the server answers, in one line.

    Raises
    ------
    RuntimeError
        The server refuses the statement; the text is its own.
    """
    body = {"ksql": statement, "streamsProperties": FROM_BEGINNING}
    with httpx.Client(timeout=SECONDS, trust_env=False, transport=transport) as client:
        answer = client.post(f"{url.rstrip('/')}/ksql", json=body, headers={"Accept": ACCEPTED})
    found = answer.json()
    if answer.is_error:
        raise RuntimeError(found.get("message", answer.text))
    told = found[-1].get("commandStatus", {})
    return " ".join(str(told.get("message", found[-1].get("@type", ""))).split())
