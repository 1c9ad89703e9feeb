"""The format template: what formatting writes, kept for later clusters.

Formatting leaves two files in a log directory. `bootstrap.checkpoint` is the same for every node of
a Kafka version, so the official tool writes it once and later clusters copy it: the template. It
carries its hash and what it belongs to, and nothing is used that differs. `meta.properties` is four
lines of text.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import logging
import uuid
from dataclasses import dataclass
from pathlib import Path

from kafkalab.install.cache_files import digest, stamps, write_whole
from kafkalab.install.kafka import Distribution

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Origin:
    """Whose formatting a template keeps.

    Attributes
    ----------
    name : str
        Of its file, without `format-`.
    key : str
        What has to be the same.
    """

    name: str
    key: str

    @classmethod
    def of_jars(cls, distribution: Distribution) -> Origin:
        """Kafka on this machine; a jar that changes is another Kafka."""
        name = digest(distribution.class_path_text)[:16]
        return cls(name, digest(stamps(distribution.class_path)))

    @classmethod
    def of_image(cls, image_id: str) -> Origin:
        """Kafka in an image, which never changes under its id."""
        return cls(digest(image_id)[:16], image_id)

    def path(self, cache: Path) -> Path:
        return cache / "archives" / f"format-{self.name}.json"


def find(cache: Path, origin: Origin) -> bytes | None:
    """The `bootstrap.checkpoint` that formatting writes for this Kafka, or None."""
    path = origin.path(cache)
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        checkpoint = base64.b64decode(kept["checkpoint"], validate=True)
        intact = hashlib.sha256(checkpoint).hexdigest() == kept["sha256"]
        same = kept["key"] == origin.key
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        intact, same, checkpoint = False, False, b""
    if not intact:
        log.warning("the format template %s is damaged; it is not used and made again", path)
        with contextlib.suppress(OSError):
            path.unlink()
    return checkpoint if intact and same else None


def keep(cache: Path, origin: Origin, checkpoint: bytes) -> None:
    """Keep what formatting wrote as the template of later clusters."""
    path = origin.path(cache)
    sha256 = hashlib.sha256(checkpoint).hexdigest()
    text = base64.b64encode(checkpoint).decode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, {"key": origin.key, "sha256": sha256, "checkpoint": text})
    except OSError as error:  # a read-only cache is used as it is
        log.info("the format template is not kept: %s", error)


def meta_properties(cluster_id: str, node_id: int) -> str:
    """The text of `meta.properties`, version 1, with a directory id of its own."""
    directory_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return f"version=1\ncluster.id={cluster_id}\nnode.id={node_id}\ndirectory.id={directory_id}\n"
