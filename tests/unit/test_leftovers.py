"""What counts as abandoned in an engine that several systems share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kafkalab.runtime import removal
from kafkalab.runtime.owner import Owner
from kafkalab.runtime.run import Run
from kafkalab.terminal import leftovers

DEAD = Owner(os.getpid(), 0.0)
DISTRIBUTION = "WSL_DISTRO_NAME"


@pytest.mark.parametrize("owner", [DEAD, None], ids=["owned", "standing"])
def test_what_another_distribution_has_made_is_spared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: Owner | None
) -> None:
    monkeypatch.setenv(DISTRIBUTION, "Ubuntu")
    labels = Run(tmp_path, "docker", owner).labels
    assert leftovers._abandoned(labels), "here its owner has ended, or its folder is gone"
    monkeypatch.setenv(DISTRIBUTION, "Debian")
    assert not leftovers._abandoned(labels)
    monkeypatch.delenv(DISTRIBUTION)
    assert not leftovers._abandoned(labels)


def test_what_was_made_without_the_label_is_judged_by_its_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DISTRIBUTION, "Ubuntu")
    for owner in (DEAD, Owner.this_process()):
        labels = Run(tmp_path, "docker", owner).labels
        del labels[removal.PLACE_LABEL]
        assert leftovers._abandoned(labels) is not owner.alive
