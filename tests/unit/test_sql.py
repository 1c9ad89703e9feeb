"""What notebook 27 says to Flink's gateway and to ksqlDB, as far as it needs neither."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import nbformat
import pytest

from demos.sql import ksqldb
from demos.sql.session import Change, cause

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "use_cases" / "27_streaming_sql.ipynb"

FAILED = """fetch results failed: 500 Internal Server Error: <Exception on server side:
org.apache.flink.table.gateway.service.utils.SqlExecutionException: Failed to execute the operation
\tat org.apache.flink.table.gateway.service.Some.call(Some.java:1)
Caused by: java.io.IOException: Failed to deserialize JSON '2 sencha'.
\tat org.apache.flink.formats.json.Some.call(Some.java:1)
\t... 15 more
Caused by: org.apache.flink.shaded.jackson2.JsonMappingException: No content to map
 at [Source: UNKNOWN; line: 1, column: 1]
"""
REFUSED = """execute failed: <Exception on server side:
Caused by: org.apache.flink.table.api.ValidationException: SQL validation failed. Object 'x'
Caused by: org.apache.calcite.sql.validate.SqlValidatorException: Object 'x'
"""


@pytest.mark.parametrize(
    ("trace", "said"),
    [
        (FAILED, "Failed to deserialize JSON '2 sencha'. No content to map"),
        (REFUSED, "SQL validation failed. Object 'x'"),
        ("Caused by: java.lang.IllegalStateException: one", "one"),
        ("open session failed: 404 Not Found", "open session failed: 404 Not Found"),
    ],
)
def test_the_cause_of_a_java_trace(trace: str, said: str) -> None:
    assert cause(trace) == said


def test_a_change_as_text() -> None:
    assert str(Change("+U", {"city": "Seoul", "orders": 2})) == "+U Seoul 2"


# --- ksqlDB ---------------------------------------------------------------------------------------


def test_the_notebook_shows_the_statements_that_it_runs() -> None:
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    shown = "".join(re.findall(r"```sql\n(.*?)```", text, re.DOTALL))
    assert len(ksqldb.statements()) > 1
    for statement in ksqldb.statements():
        assert statement in shown


def test_a_statement_is_sent_to_ksqldb() -> None:
    asked: list[httpx.Request] = []

    def server(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        status = {"status": "SUCCESS", "message": "Stream\ncreated"}
        return httpx.Response(200, json=[{"@type": "currentStatus", "commandStatus": status}])

    said = ksqldb.run("http://ksql:8088/", "CREATE STREAM s;", httpx.MockTransport(server))
    assert said == "Stream created"
    [request] = asked
    assert str(request.url) == "http://ksql:8088/ksql"
    assert json.loads(request.content)["ksql"] == "CREATE STREAM s;"


def test_what_ksqldb_refuses() -> None:
    def server(_: httpx.Request) -> httpx.Response:
        return httpx.Response(400, json={"error_code": 40001, "message": "line 1: no viable"})

    with pytest.raises(RuntimeError, match="no viable"):
        ksqldb.run("http://ksql:8088", "CREAT;", httpx.MockTransport(server))
