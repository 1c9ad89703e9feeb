"""Names of folders that Java's programs cannot take, found before anything is written."""

from __future__ import annotations

import ctypes
import functools
import locale
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from kafkalab.errors import KafkaLabError
from kafkalab.settings import Settings

_LOCALES = ("C.UTF-8", "C.utf8", "en_US.UTF-8")
_LC_CTYPE_MASK = 1
"""The same in glibc and musl, the libraries of Linux."""
_LAST_OF_BMP = "\uffff"
_NOTHING: Mapping[str, str] = {}


def utf8_locale() -> dict[str, str]:
    """Variables with which Java takes names of files as UTF-8; empty where it needs none.

    On Linux it takes them in the encoding of the locale, which is ASCII under `LC_ALL=C` and where
    the machine lacks the locale that `LANG` names. On macOS it is always UTF-8, on Windows the
    system's own encoding.
    """
    name = _utf8_locale() if sys.platform == "linux" else None
    return {} if name is None else {"LC_ALL": name}


@functools.cache
def _utf8_locale() -> str | None:
    """The first UTF-8 locale that this machine has."""
    libc = ctypes.CDLL(None)  # setlocale would change it for all threads of this process
    libc.newlocale.restype = ctypes.c_void_p
    libc.newlocale.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
    libc.freelocale.argtypes = (ctypes.c_void_p,)
    for name in _LOCALES:
        found = libc.newlocale(_LC_CTYPE_MASK, name.encode(), None)
        if found:
            libc.freelocale(found)
            return name
    return None


def hurdle(folder: Path) -> str | None:
    """Why Kafka cannot live in a folder of this name; None where it can."""
    text = str(folder)
    if os.pathsep in text:
        return f"Java splits lists of jars at {os.pathsep!r}"
    if "," in text:
        return "Kafka splits lists of folders at ','"
    if any(part.endswith("!") for part in folder.parts):
        return "Java takes '!/' for the end of a jar's name"
    odd = next((sign for sign in text if sign > _LAST_OF_BMP), None)
    if odd is not None:
        return f"Java cannot read {odd!r} in a list of jars"
    return None if text.isascii() else _encoding_hurdle(text)


def _encoding_hurdle(text: str) -> str | None:
    if sys.platform == "win32":
        encoding = locale.getencoding()
        try:
            text.encode(encoding)
        except UnicodeEncodeError as error:
            return f"Java reads names as {encoding} here, which lacks {text[error.start]!r}"
        return None
    try:
        same = os.fsencode(text) == text.encode()
    except UnicodeEncodeError:
        return "it is not UTF-8"
    if not same:
        return f"this Python reads names as {sys.getfilesystemencoding()}, Java as UTF-8"
    if sys.platform == "linux" and _utf8_locale() is None:
        return f"this machine has none of the locales {', '.join(_LOCALES)}"
    return None


def trouble(
    settings: Settings, title: str = "Kafka", refused: Mapping[str, str] = _NOTHING
) -> KafkaLabError | None:
    """What to say where Kafka, or what else Java runs, cannot use the folders of these settings.

    None where it can. `refused` are further signs that no name may hold, and why.
    """
    named = [("cache", settings.cache, "KAFKALAB_CACHE")]
    if settings.kafka_home is not None:
        named.append(("Kafka release", settings.kafka_home, "KAFKALAB_KAFKA_HOME"))
    for what, folder, variable in named:
        why = hurdle(folder) or next(
            (why for sign, why in refused.items() if sign in str(folder)), None
        )
        if why is not None:
            return KafkaLabError(
                f"{title} cannot run in the {what} folder {printable(folder)}: {why}.",
                tried="to look at its name before anything is written there",
                fix=f"choose a folder with a plain name: export {variable}=/path/to/a/folder",
            )
    return None


def printable(path: Path) -> str:
    """The path for a message: bytes that are no text would make printing fail."""
    return str(path).encode(errors="backslashreplace").decode()
