"""A cluster's `client.properties`, read as librdkafka does and translated for Java's tools.

librdkafka's names: https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md;
Java's: https://kafka.apache.org/documentation/#adminclientconfigs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from kafkalab.errors import KafkaLabError

SECRETS = re.compile(r"password|secret|\.key\.pem|\.oauthbearer\.config|\.private\.key|passphrase")
"""Names of settings whose values are never shown."""

_JAVA_ONLY = re.compile(
    r"sasl\.jaas\.config|ssl\.truststore\..*|ssl\.keystore\.type|sasl\.login\..*|"
    r"sasl\.client\.callback\..*|.*\.(de)?serializer"
)
_LOGIN_MODULES = {
    "PLAIN": "org.apache.kafka.common.security.plain.PlainLoginModule",
    "SCRAM-SHA-256": "org.apache.kafka.common.security.scram.ScramLoginModule",
    "SCRAM-SHA-512": "org.apache.kafka.common.security.scram.ScramLoginModule",
}
_FILES = (
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.key.location",
    "ssl.keystore.location",
)


def read(path: Path) -> dict[str, str]:
    """The settings of a librdkafka `client.properties`.

    One `name=value` a line; blank lines and lines that begin with `#` are passed over; blanks
    around names and values do not count. Files that it names are looked for beside it too.

    Raises
    ------
    KafkaLabError
        The file cannot be read or holds another kind of line. Its content is never shown, since
        it may be secret.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a UTF-8 text"
        raise KafkaLabError(
            f"{path} cannot be read: {reason}.",
            tried="to read the settings of the cluster that exists",
            fix="give a readable file in KAFKALAB_CLIENT_CONFIG",
        ) from error
    return {
        name: _beside(path, value) if name in _FILES else value
        for name, value in parse(text, path).items()
    }


def parse(text: str, source: Path | str) -> dict[str, str]:
    """Read `text`; `source` names it in errors."""
    settings = {}
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = (part.strip() for part in line.partition("="))
        if not equals or not re.fullmatch(r"[\w.-]+", name):
            raise KafkaLabError(
                f"Line {number} of {source} is not name=value.",
                tried="to read it as a librdkafka client.properties (the line is not shown, "
                "it may be secret)",
                fix=f"correct line {number}: one setting per line, as in acks=all",
            )
        if _JAVA_ONLY.fullmatch(name):
            raise KafkaLabError(
                f"Line {number} of {source} holds {name}, a setting of Java clients.",
                fix="take the file for Python, C or librdkafka that your provider offers: "
                "it has sasl.username, sasl.password and ssl.ca.location",
            )
        settings[name] = value
    return settings


def redact(text: str, settings: Mapping[str, str]) -> str:
    """`text` without the secret values of the settings."""
    for name, value in settings.items():
        if value and SECRETS.search(name):
            text = text.replace(value, "***")
    return text


def java_settings(settings: Mapping[str, str]) -> dict[str, str]:
    """What a Java client needs to connect as a librdkafka client with `settings` does.

    Settings that are librdkafka's alone and do not change how it connects are left out.

    Raises
    ------
    KafkaLabError
        A setting has no counterpart.
    """
    protocol = settings.get("security.protocol", "plaintext").upper()
    java: dict[str, str] = {}
    if protocol != "PLAINTEXT":
        java["security.protocol"] = protocol
    if protocol.startswith("SASL_"):
        java |= _sasl(settings)
    if protocol.endswith("SSL"):
        java |= _trust(settings) | _identity(settings)
    return java


def _sasl(settings: Mapping[str, str]) -> dict[str, str]:
    mechanism = settings.get("sasl.mechanisms") or settings.get("sasl.mechanism") or "GSSAPI"
    module = _LOGIN_MODULES.get(mechanism.upper())
    if module is None:
        _refuse(f"sasl.mechanisms={mechanism}", "use a SCRAM or PLAIN user for the console tools")
    username, password = (_quoted(settings.get(f"sasl.{x}", "")) for x in ("username", "password"))
    return {
        "sasl.mechanism": mechanism.upper(),
        "sasl.jaas.config": f"{module} required username={username} password={password};",
    }


def _quoted(text: str) -> str:
    """A string of a JAAS file: Java reads it with StreamTokenizer's escapes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _trust(settings: Mapping[str, str]) -> dict[str, str]:
    if settings.get("enable.ssl.certificate.verification", "true").lower() == "false":
        _refuse(
            "enable.ssl.certificate.verification=false",
            "name the certificate of the brokers' CA in ssl.ca.location and leave verification on",
        )
    java = {}
    if settings.get("ssl.endpoint.identification.algorithm", "https").lower() == "none":
        java["ssl.endpoint.identification.algorithm"] = ""
    authority = settings.get("ssl.ca.location", "")
    if settings.get("ssl.ca.pem"):
        java |= {
            "ssl.truststore.type": "PEM",
            "ssl.truststore.certificates": settings["ssl.ca.pem"],
        }
    elif authority and authority != "probe":
        if Path(authority).is_dir():
            _refuse("a folder in ssl.ca.location", "put the certificates into one file and name it")
        java |= {"ssl.truststore.type": "PEM", "ssl.truststore.location": authority}
    return java


def _identity(settings: Mapping[str, str]) -> dict[str, str]:
    """The client's own certificate, for brokers that ask for one (mutual TLS)."""
    if settings.get("ssl.keystore.location"):
        store = {
            "ssl.keystore.type": "PKCS12",
            "ssl.keystore.location": settings["ssl.keystore.location"],
            "ssl.keystore.password": settings.get("ssl.keystore.password", ""),
        }
        return store
    chain, key = (
        settings.get(f"ssl.{name}.pem") or _content(settings.get(f"ssl.{name}.location", ""))
        for name in ("certificate", "key")
    )
    if not chain and not key:
        return {}
    if re.search(r"BEGIN (RSA|EC|DSA) PRIVATE KEY", key):
        _refuse(
            "a private key of that format (PKCS#1)",
            "convert it: openssl pkcs8 -topk8 -in key.pem -out key-pkcs8.pem, "
            "and name the new file in ssl.key.location",
        )
    java = {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.certificate.chain": chain,
        "ssl.keystore.key": key,
    }
    if settings.get("ssl.key.password"):
        java["ssl.key.password"] = settings["ssl.key.password"]
    return java


def _content(path: str) -> str:
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise KafkaLabError(
            f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is not a PEM file'}.",
            tried="to give the client's certificate to the console tools",
            fix="correct ssl.certificate.location and ssl.key.location",
        ) from error


def _beside(path: Path, value: str) -> str:
    """A relative path counts from the working directory, as for librdkafka, else from the file."""
    beside = path.parent / value
    return str(beside) if value and not Path(value).exists() and beside.exists() else value


def _refuse(what: str, fix: str) -> NoReturn:
    raise KafkaLabError(
        f"The official console tools cannot connect with {what}; clients in Python can.",
        tried="to translate the client settings for Java",
        fix=fix,
    )
