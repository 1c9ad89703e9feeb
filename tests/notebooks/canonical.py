"""The rules of `sanitize.cfg`: one file compares outputs and writes their committed form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from nbval.plugin import get_sanitize_patterns

RULES = Path(__file__).with_name("sanitize.cfg")
COMPARE_ONLY = "==== compare only ===="
NOT_COMPARED = ("image/png", "image/jpeg")
"""nbval does not compare these: bytes of a picture differ between versions of a library."""

Rule = tuple[re.Pattern[str], str]


@cache
def rules(*, committed_only: bool = False) -> tuple[Rule, ...]:
    """The rules in order; only those of the committed form, or all that nbval applies."""
    text = RULES.read_text(encoding="utf-8")
    if committed_only:
        text = text.split(COMPARE_ONLY)[0]
    return tuple((re.compile(regex), new) for regex, new in get_sanitize_patterns(text))


def canonical(text: str) -> str:
    """The form in which a text is committed."""
    return _apply(rules(committed_only=True), text)


def comparable(text: str) -> str:
    """The form in which nbval compares a text."""
    return _apply(rules(), text)


def canonical_output(output: Mapping[str, Any]) -> dict[str, Any]:
    """An output of a code cell in the form in which it is committed."""
    return {
        key: value
        if key in ("output_type", "name", "metadata", "execution_count")
        else _each_text(value)
        for key, value in output.items()
    }


def same(left: Sequence[Mapping[str, Any]], right: Sequence[Mapping[str, Any]]) -> bool:
    """Whether two cells' outputs are equal once sanitized, pictures and tracebacks aside."""
    return compared(left) == compared(right)


def compared(outputs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What of a cell's outputs is compared, sanitized."""
    return [_compared(output) for output in outputs]


def texts(output: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """What a reader of the output can see: (field or MIME type, text), pictures aside."""
    if "text" in output:
        yield output.get("name", "text"), output["text"]
    for mime, value in output.get("data", {}).items():
        if isinstance(value, str) and mime not in NOT_COMPARED:
            yield mime, value
    if output.get("output_type") == "error":
        yield "error", f"{output['ename']}: {output['evalue']}"
        yield "traceback", "\n".join(output.get("traceback", ()))


def _apply(which: Iterable[Rule], text: str) -> str:
    for pattern, new in which:
        text = pattern.sub(new, text)
    return text


def _each_text(value: Any) -> Any:
    if isinstance(value, str):
        return canonical(value)
    if isinstance(value, Mapping):
        return {
            key: item if key in NOT_COMPARED else _each_text(item) for key, item in value.items()
        }
    if isinstance(value, list):
        return [_each_text(item) for item in value]
    return value


def _compared(output: Mapping[str, Any]) -> dict[str, Any]:
    seen = {kind: comparable(text) for kind, text in texts(output) if kind != "traceback"}
    pictures = sorted(set(output.get("data", {})) & set(NOT_COMPARED))
    return {"type": output["output_type"], "pictures": pictures, **seen}
