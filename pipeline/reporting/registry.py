"""Which figures there are, whose runs each shows and which measures it reads.

Apart from the drawing: the workflow reads this to know what a figure needs, and plotting libraries take seconds.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["alignment", "weights", "collapse", "ceiling", "probes", "bounds", "descent"]


@dataclass(frozen=True)
class FigureSpec:
    experiment: str
    reads: tuple[Kind, ...]


FIGURES = {
    "fig1_angles": FigureSpec("trajectory", ("weights",)),
    "fig2_trajectory": FigureSpec("trajectory", ("alignment", "ceiling")),
    "fig6_weight_gap": FigureSpec("trajectory", ("weights",)),
    "collapse": FigureSpec("trajectory", ("collapse",)),
    "bounds_over_steps": FigureSpec("trajectory", ("bounds", "descent")),
    "bounds_by_setting": FigureSpec("settings", ("bounds",)),
}
