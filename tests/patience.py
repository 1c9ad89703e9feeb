"""How long a check may take where a test asks it.

A broker of a busy machine may answer late, and then it is the time that would be refused.
"""

from __future__ import annotations

CHECK_SECONDS = 60.0
LOOK_SECONDS = 50.0
"""Less, so that a look says what did not answer."""

IN_EACH_CELL = """
import sys as _sys

def _be_patient(_, seconds={seconds}):
    for name, module in list(_sys.modules.items()):
        if name.startswith(("kafkalab.learn.exercises.", "kafkalab.learn.course.")):
            vars(module).update({{k: v for k, v in seconds.items() if k in vars(module)}})

get_ipython().events.register("pre_run_cell", _be_patient)
""".format(seconds={"CHECK_SECONDS": CHECK_SECONDS, "LOOK_SECONDS": LOOK_SECONDS})
"""For a kernel: lets its checks wait as long, once a cell has loaded exercises.

Before each cell, since what a cell imports has to come from the cell: ■ is pressed there, too.
"""
