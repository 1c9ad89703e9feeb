"""What shows itself as a picture that may still change."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from kafkalab.show.canvas.picture import Picture


class Shown(ABC):
    """Has a picture's forms, each of them as it is now."""

    @abstractmethod
    def picture(self) -> Picture:
        """The picture of what is known so far."""

    @property
    def text(self) -> str:
        """The picture in words."""
        return self.picture().text

    @property
    def svg(self) -> str:
        """The drawing as it is now."""
        return self.picture().svg

    @property
    def frame(self) -> pd.DataFrame:
        """The facts of the picture."""
        return self.picture().frame

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text
