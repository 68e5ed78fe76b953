"""Names of the stages in the order of the chain. Nothing else, so that `--help` needs no import."""

STAGE_NAMES = (
    *("prepare", "subset", "twins"),  # data and training
    *("measure", "baselines", "layers", "early", "between_seeds", "bounds", "promised", "curvature", "forcing"),
    *("loss_gap", "merging"),
    *("table1", "table2", "comparison", "claims", "metrics", "figure", "report"),  # for readers
)
