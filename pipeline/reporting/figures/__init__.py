"""One module a figure: `table(read)` makes the CSV it is drawn from, `draw(table)` draws it.

`read(kind)` gives the measures of all the figure's runs as one table, with the runs' fields as columns.
"""

from pipeline.reporting.figures import (
    accuracy_by_temperature,
    bounds_by_setting,
    bounds_over_steps,
    collapse,
    duration,
    encoders,
    fig1_angles,
    fig2_trajectory,
    fig3_classes,
    fig4_temperature,
    fig5_batch,
    fig6_weight_gap,
    loss_gap,
    merging,
    randomness,
)

MODULES = {
    "fig1_angles": fig1_angles,
    "fig2_trajectory": fig2_trajectory,
    "fig3_classes": fig3_classes,
    "fig4_temperature": fig4_temperature,
    "fig5_batch": fig5_batch,
    "fig6_weight_gap": fig6_weight_gap,
    "duration": duration,
    "collapse": collapse,
    "accuracy_by_temperature": accuracy_by_temperature,
    "merging": merging,
    "encoders": encoders,
    "loss_gap": loss_gap,
    "randomness": randomness,
    "bounds_over_steps": bounds_over_steps,
    "bounds_by_setting": bounds_by_setting,
}
