"""Texts that Java reads: a `.properties` file is ISO-8859-1 to it, whatever its writer thought."""

from __future__ import annotations

import re
from collections.abc import Mapping

import javaproperties

_NOT_ASCII = re.compile(r"\\([\x00-\x7f])|\\?([^\x00-\x7f])", re.DOTALL)


def properties(settings: Mapping[str, str]) -> str:
    """The text of a Java properties file, in ASCII: what is not becomes `\\uXXXX`."""
    text: str = javaproperties.dumps(settings, timestamp=False)
    return text


def ascii_only(text: str) -> str:
    """A properties or JSON text that a person wrote, with `\\uXXXX` for what is not ASCII.

    Java reads the one as ISO-8859-1, the other as UTF-8, and this escape in both. A lone backslash
    before such a character means nothing in a properties file and is left out.
    """

    def escaped(found: re.Match[str]) -> str:
        return found[0] if found[1] is not None else _units(found[2])

    return _NOT_ASCII.sub(escaped, text)


def _units(character: str) -> str:
    """One or two UTF-16 units, as Java counts characters."""
    code = character.encode("utf-16-be").hex()
    return "".join(f"\\u{code[i : i + 4]}" for i in range(0, len(code), 4))
