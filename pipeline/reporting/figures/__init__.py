"""One module a figure: `table(read)` makes the CSV it is drawn from, `draw(table)` draws it.

`read(kind)` gives the measures of all the figure's runs as one table, with the runs' fields as columns.
"""

from pipeline.reporting.figures import (
    bounds_by_setting,
    bounds_over_steps,
    collapse,
    fig1_angles,
    fig2_trajectory,
    fig6_weight_gap,
)

MODULES = {
    "fig1_angles": fig1_angles,
    "fig2_trajectory": fig2_trajectory,
    "fig6_weight_gap": fig6_weight_gap,
    "collapse": collapse,
    "bounds_over_steps": bounds_over_steps,
    "bounds_by_setting": bounds_by_setting,
}
