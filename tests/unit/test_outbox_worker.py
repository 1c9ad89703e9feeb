"""When a program of notebook 29 hears that the one who started it is gone."""

from __future__ import annotations

import sys
from multiprocessing import Pipe

import pytest

from demos.outbox.worker import questions


@pytest.mark.skipif(sys.platform == "win32", reason="its pipes are no sockets")
@pytest.mark.parametrize("unread", [False, True])
def test_the_questions_end_with_the_one_who_asks(unread: bool) -> None:
    """A socket that is closed with something unread in it resets its connection."""
    theirs, own = Pipe()
    with own:
        theirs.send(("die", "packed"))
        asked = questions(own)
        assert next(asked) == ("die", "packed")
        if unread:
            own.send("will die")
        theirs.close()
        assert list(asked) == []
