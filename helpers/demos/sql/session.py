"""A session at Flink's SQL gateway: statements, finite answers, changes that go on, jobs.

The REST calls and the types are those of py-flink-sql-gateway. Its cursor follows Python's DB-API,
in which a row has no kind; here each row keeps it (+I, -U, +U, -D).
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import httpx
import pandas as pd
from flink_gateway import (
    ColumnInfo,
    ExecuteStatementRequest,
    FetchResultsResponse,
    FlinkSqlGatewayClient,
    FlinkSqlGatewayError,
    OpenSessionRequest,
    ResultType,
)
from flink_gateway.types import decode_field, normalize_flink_type

from kafkalab.common.deadline import Deadline
from kafkalab.errors import KafkaLabError

KINDS = {"INSERT": "+I", "UPDATE_BEFORE": "-U", "UPDATE_AFTER": "+U", "DELETE": "-D"}
"""How the gateway names a row's kind, and how Flink writes it."""
SETTINGS = {"table.local-time-zone": "UTC", "parallelism.default": "1"}
BATCH = {"execution.runtime-mode": "batch"}
STREAMING = {"execution.runtime-mode": "streaming"}
UNDER_WAY = {"INITIALIZED", "PENDING", "RUNNING"}
"""States of an operation whose job may still be submitted."""
SUBMIT_SECONDS = 30.0
SECONDS = 100.0
POLL_SECONDS = 0.05
CALL_SECONDS = 60.0
_CAUSE = re.compile(r"(?:Caused by: )?(?:[\w$]+\.)+[\w$]*(?:Exception|Error|Throwable): (.+)")


class SqlError(Exception):
    """The gateway has refused a statement, or its job has failed; the text is Flink's."""


@dataclass(frozen=True)
class Change:
    """One row of a changelog.

    Attributes
    ----------
    kind : str
        +I a new row, -U a row as it was, +U the same row as it is now, -D a row that is gone.
    row : mapping
        Column → value.
    """

    kind: str
    row: Mapping[str, Any]

    def __str__(self) -> str:
        return " ".join([self.kind, *(str(value) for value in self.row.values())])


class Session:
    """Tables and settings of one client of the gateway; they are gone when it closes.

    Parameters
    ----------
    url : str
        The gateway's address.
    settings : mapping, optional
        Flink's settings for the session, beside `SETTINGS`.

    Examples
    --------
    >>> sql = Session(flink.url)
    >>> sql.run("CREATE TABLE orders (...) WITH (...)")
    >>> sql.query("SELECT COUNT(*) FROM orders")
    """

    def __init__(self, url: str, settings: Mapping[str, str] | None = None) -> None:
        client = httpx.Client(timeout=CALL_SECONDS, trust_env=False)
        self._client = FlinkSqlGatewayClient(url, http_client=client)
        self._http = client
        self._url = url
        properties = {**SETTINGS, **(settings or {})}
        with self._told():
            self._session = self._client.open_session(OpenSessionRequest(properties=properties))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the session; jobs of INSERT statements go on."""
        if self._http.is_closed:
            return
        with contextlib.suppress(FlinkSqlGatewayError, httpx.HTTPError):
            self._client.close_session(self._session)
        self._http.close()

    def run(
        self,
        statement: str,
        settings: Mapping[str, str] | None = None,
        seconds: float = SECONDS,
    ) -> str:
        """Carry out a statement that gives no table, such as CREATE or INSERT.

        Returns
        -------
        str
            What the gateway answers, in one line; for INSERT the id of its job.
        """
        found = list(self.changes(statement, settings=settings, seconds=seconds))
        return " ".join(str(value) for change in found for value in change.row.values())

    def query(
        self, statement: str, settings: Mapping[str, str] = BATCH, seconds: float = SECONDS
    ) -> pd.DataFrame:
        """A finite answer as a DataFrame, by default from a batch job.

        Parameters
        ----------
        statement : str
        settings : mapping
            Flink's settings for this statement.
        seconds : float
            When to give up.

        Raises
        ------
        SqlError
        TimeoutError
            The answer had no end by then; the job is canceled.
        """
        changes = self.changes(statement, settings=settings, seconds=seconds)
        return pd.DataFrame([change.row for change in changes])

    def jobs(self) -> dict[str, str]:
        """The id of each job that Flink knows, and its state, such as RUNNING or FINISHED."""
        found = self.changes("SHOW JOBS")
        return {str(job.row["job id"]): str(job.row["status"]) for job in found}

    def stop_jobs(self) -> None:
        """Stop the jobs that run, no matter who started them."""
        for job, state in self.jobs().items():
            if state == "RUNNING":
                self.run(f"STOP JOB '{job}'")

    def changes(
        self,
        statement: str,
        rows: int | None = None,
        settings: Mapping[str, str] | None = None,
        seconds: float = SECONDS,
    ) -> Generator[Change, None, None]:
        """The rows of a statement as they come, with their kinds.

        The statement runs from the first row that is asked for. It is canceled, and its job with
        it, when the loop over the rows ends, however it ends: ■ too.

        Parameters
        ----------
        statement : str
        rows : int, optional
            End after as many; by default with the answer.
        settings : mapping, optional
        seconds : float
            How long to wait in all.
        """
        deadline = Deadline(seconds)
        with self._operation(statement, settings or {}) as operation:
            for number, change in enumerate(self._pages(operation, statement, deadline), 1):
                if number == rows:
                    break
                yield change
            else:
                return
        yield change  # the last one that was asked for, when nothing runs anymore

    @contextlib.contextmanager
    def _operation(self, statement: str, settings: Mapping[str, str]) -> Iterator[str]:
        request = ExecuteStatementRequest(statement, execution_config=dict(settings))
        with self._told():
            operation = self._client.execute_statement(self._session, request)
        try:
            yield operation
        finally:
            try:
                self._let_submit(operation)
            finally:
                with contextlib.suppress(FlinkSqlGatewayError, httpx.HTTPError):
                    self._client.close_operation(self._session, operation)

    def _let_submit(self, operation: str) -> None:
        """Closed while its job is submitted, an operation would leave one that nobody cancels."""
        with contextlib.suppress(FlinkSqlGatewayError, httpx.HTTPError):
            Deadline(SUBMIT_SECONDS).wait_for(
                lambda: self._is_carried_out(operation), poll=POLL_SECONDS
            )

    def _is_carried_out(self, operation: str) -> bool:
        """Whether its job is submitted, which may then go on, or it has failed."""
        return self._client.get_operation_status(self._session, operation) not in UNDER_WAY

    def _pages(self, operation: str, statement: str, deadline: Deadline) -> Iterator[Change]:
        token, last = "0", False
        while not last:
            with self._told():
                page = self._client.fetch_results(self._session, operation, token, "JSON")
            yield from _rows(page)
            token = page.next_token() or token
            last = page.result_type is ResultType.EOS
            if deadline.passed and not last:
                raise TimeoutError(f"no end after {deadline.seconds:g} s: {statement.strip()}")
            if not page.results.data and not last:
                time.sleep(POLL_SECONDS)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Give what the gateway says without its Java frames, and say where it is gone."""
        if self._http.is_closed:
            raise KafkaLabError("This session is closed.", fix="sql = Session(flink.url)")
        try:
            yield
        except FlinkSqlGatewayError as error:
            raise SqlError(cause(str(error))) from None
        except httpx.TransportError as error:
            raise KafkaLabError(
                f"Flink's SQL gateway does not answer: {error}",
                tried=f"to reach {self._url}",
                fix="flink.start(), and then sql = Session(flink.url)",
            ) from None


def _rows(page: FetchResultsResponse) -> Iterator[Change]:
    columns = page.results.columns
    for row in page.results.data:
        values = (_value(raw, column) for raw, column in zip(row.fields, columns, strict=True))
        names = (column.name for column in columns)
        yield Change(KINDS[row.kind], dict(zip(names, values, strict=True)))


def _value(raw: object, column: ColumnInfo) -> object:
    kind = column.logical_type
    return decode_field(raw, normalize_flink_type(kind.type), kind.precision, kind)


def cause(trace: str) -> str:
    """What a Java stack trace names as the cause, in one line.

    The last exception says what happened. The one before it often has the same with more around
    it, such as the place in the statement, or else says to what it happened.
    """
    found: list[str] = [message.strip() for message in _CAUSE.findall(trace)]
    if not found:
        return trace.strip()
    before, last = ["", *found][-2:]
    return before if last in before else f"{before} {last}".strip()
