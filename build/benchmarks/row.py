"""How a row of the table is declared."""
from dataclasses import dataclass
from typing import Callable

ROWS = {}


@dataclass
class Row:
    name: str
    figures: dict            # name -> (unit, better when), in the order of the table
    measure: Callable        # (run, options) -> {figure: value}; a figure that is not there could not be measured
    when: str                # "scan": while the library is new; "start": starts the server itself; "serving"
    nginx: bool              # whether nginx has something to compare
    once: bool               # in the first run only: it takes long and varies little


def row(name, figures, when="serving", nginx=False, once=False):
    """Declares a row; the function below it measures."""
    def declare(measure):
        ROWS[name] = Row(name, figures, measure, when, nginx, once)
        return measure
    return declare
