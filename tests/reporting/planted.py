"""Made-up measures of made-up runs: every value is known from the run, the epoch and the seed."""

import itertools
from functools import cache, partial

import pandas as pd

from pipeline.config.references import PROJECT
from pipeline.config.run import Run
from pipeline.reporting.measured import labelled
from pipeline.reporting.measured_tables import paper_table
from pipeline.reporting.paper_values import PAPER_VALUES

PAPER = partial(paper_table, PROJECT / PAPER_VALUES["paper_values"])
PUBLISHED_CLASSES = {"cifar10": 10, "cifar100": 100, "mini_imagenet": 100, "tiny_imagenet": 200}
TWINS = ("nscl", "scl", "ce")
CONTROLLED = (*TWINS, "nscl_shuffled", "cl_independent", "cl_perturbed")
DOSED = (
    "nscl_partial_25",
    "nscl_partial_50",
    "nscl_partial_75",
    "nscl",
    "nscl_shuffled_partial_25",
    "nscl_shuffled",
    "cl_independent",
)
EVERYTHING = ("initialisation", "batches", "augmentations")
BOUNDS = ("certificate", "nonexpansive", "telescoped", "theorem1", "theorem1_published")


def long(rows, measures=("cka", "rsa")):
    """One row a measure."""
    names = [name for name in rows[0] if name not in measures] if rows else []
    return pd.DataFrame(rows).melt(names, var_name="measure") if rows else pd.DataFrame()


TRAJECTORY = [
    Run(dataset=dataset, classes=classes, epochs=2, seed=seed)
    for dataset, classes in (("digits", 10), ("cifar100", 100))
    for seed in (0, 1, 2)
]


LONG = ("alignment", "between_seeds", "twins_between_seeds", "layers")  # kinds with a row for every measure


def moved(run, epoch, objective):
    """CL moves half as far as the others; similarity with its own start falls by the epoch and the seed."""
    path = run.batch_size / 1024 * epoch
    share = 0.5 if objective == "cl" else 1.0
    where = {"epoch": epoch, "steps": 10 * epoch, "path_length": path, "objective": objective}
    likeness = 1 - share * (0.1 * epoch + 0.01 * run.seed)
    return {
        **where,
        "displacement": share * epoch,
        "weight_angle": 20 * share * epoch,
        "cka": likeness,
        "rsa": likeness / 2,
    }


SEED_PAIRS = [{"first_seed": a, "second_seed": b} for a, b in itertools.combinations((0, 1, 2), 2)]
CL_CKA = (0.7, 0.8, 0.9)  # of CL with CL of another seed, by pair
TWIN_CKA, CROSS_CKA = 0.5, 0.6  # of a twin with itself and with CL, of another seed


def twins_between_seeds(twins):
    """The same CKA for all pairs of seeds."""
    return [
        {"first_seed": a, "second_seed": b, "first": first, "second": twin, "cka": cka, "rsa": cka / 2}
        for twin in twins
        for first, cka in (("cl", CROSS_CKA), (twin, TWIN_CKA))
        for a, b in itertools.permutations((0, 1, 2), 2)
        if first == "cl" or a < b
    ]


def layers(value):
    """Each part less alike than the one before, each depth less than the one above."""
    return [
        {"layer": layer, "depth": depth, "part": part, "cka": value - depth / 10 - less, "rsa": value - depth / 10}
        for depth, layer in enumerate(("stage1", "stage2", "h", "z"))
        for part, less in (("all", 0.0), ("within", 0.1), ("between", 0.2))
    ]


def bound_rows():
    """Three sweeps that meet at C = 10, B = 128, tau = 0.5; similarity falls where the bound rises."""
    rows = []
    for classes, batch, tau in (
        *((2, 128, 0.5), (5, 128, 0.5), (10, 128, 0.5)),
        *((10, 64, 0.5), (10, 256, 0.5), (10, 128, 1.0), (10, 128, 0.1)),
    ):
        for seed, split, epoch in itertools.product((0, 1, 2, 3), ("train", "test"), (1, 2)):
            log = classes / 10 + batch / 256 - tau + epoch / 10
            run = {"dataset": "digits", "classes": classes, "batch_size": batch, "temperature": tau, "seed": seed}
            where = {"split": split, "epoch": epoch, "epochs": 2, "steps": epoch * 1280 // batch, "rows": 100}
            logs = dict.fromkeys((f"{name}_log" for name in ("drift", *BOUNDS)), log)
            rows.append(
                {**run, "learning_rate_rule": "linear", **where, **logs, "cka": 1 - log / 9, "rsa": 1 - log / 8}
            )
    return pd.DataFrame(rows)


def at_steps(kind, epoch, twins, value):
    """Rows of `forcing` or `early`, ten steps an epoch."""
    at = {"step": 10 * epoch, "path_length": epoch / 10}
    if kind == "forcing":
        at |= {"largest_share": 0.1, "square_mass": 0.01, "cl": 4.0, "difference": 1.0, "noise": 9.0}
        return [{**at, "objective": name, "forcing": epoch * (0.1 + place)} for place, name in enumerate(twins)]
    alike = {"cka": value, "rsa": value / 2, "weight_gap": 1 - value}
    return [{**at, "first": "cl", "second": second, **alike} for second in twins]


def trajectory(kind, twins=TWINS):
    """Of the trajectory's runs; the bounds are of `bound_rows`."""
    return _trajectory(kind, tuple(twins)).copy()


@cache
def _trajectory(kind, twins):
    if kind == "bounds":
        return bound_rows()
    if kind == "descent":
        return pd.DataFrame({"step": [1, 2], **{f"{name}_log": [0.1, 0.2] for name in ("drift", *BOUNDS)}})
    parts = []
    for run in TRAJECTORY:
        rows = []
        for epoch, split in itertools.product((0, 1, 2), ("train", "test")):
            value = 0.9 - 0.1 * epoch + 0.01 * run.seed
            where = {"epoch": epoch, "split": split}
            pairs = [{**where, "first": "cl", "second": second} for second in twins]
            if kind == "alignment":
                rows += [{**pair, "cka": value, "rsa": value - 0.1} for pair in pairs]
            elif kind == "weights" and split == "test":
                angles = {"weight_angle": 80 * value, "representation_angle": 30 * value}
                gaps = {"weight_gap": value, "weight_gap_released": value / 2}
                rows += [{**pair, **gaps, **angles} for pair in pairs]
            elif kind in ("forcing", "early") and split == "test":
                rows += at_steps(kind, epoch, twins, value)
            elif kind == "collapse":
                rows += [
                    {**where, "objective": o, "cdnv": value, "directional_cdnv": value / 9} for o in ("cl", *twins)
                ]
            elif kind == "between_seeds" and run.seed == 0:
                rows += [{**where, **pair, "cka": c, "rsa": c / 2} for pair, c in zip(SEED_PAIRS, CL_CKA, strict=True)]
            elif kind == "twins_between_seeds" and run.seed == 0 and epoch == run.epochs:
                rows += [{**where, **row} for row in twins_between_seeds(twins)]
            elif kind == "movement" and split == "test":
                rows += [moved(run, epoch, objective) for objective in ("cl", *twins)]
            elif kind == "layers" and epoch:
                rows += [{**pair, **layer} for pair in pairs for layer in layers(value)]
        parts.append(labelled(run, long(rows) if kind in LONG else pd.DataFrame(rows)))
    return pd.concat(parts)


def _sweep(seeds, **fields):
    return [
        Run(**{"dataset": "digits", "classes": 10, "epochs": 2, "batch_size": 256, **fields, "seed": s}) for s in seeds
    ]


SWEPT = [  # all measures are known from the setting
    *_sweep((0, 1, 2)),
    *(run for t in (0.1, 1.0) for run in _sweep((0, 1), temperature=t)),
    *(
        run
        for batch, rule in ((64, "linear"), (64, "sqrt"), (64, "sqrt_published"), (256, "sqrt_published"))
        for run in _sweep((0, 1), batch_size=batch, learning_rate_rule=rule)
    ),
    *(
        run
        for shared in ((), EVERYTHING[:1], EVERYTHING[:2], EVERYTHING[::2], EVERYTHING[1:])
        for run in _sweep((0, 1), shared=shared)
    ),
    *(run for classes in (2, 5) for run in _sweep((0, 1), classes=classes)),
]


def value_of(run):
    return 0.5 + run.temperature / 10 + run.batch_size / 1024 + len(run.shared) / 100 + run.seed / 1000


def of_run(kind, run, twins=TWINS):
    """As the run's own file has it, or a file of its setting."""
    value = value_of(run)
    pairs = [{"first": "cl", "second": second, "epoch": e} for second in twins for e in (0, 1, 2)]
    both = {"cka": value, "rsa": value - 0.1}
    if kind == "alignment":
        rows = [{**pair, "split": "test", **both} for pair in pairs]
    elif kind == "weights":
        gaps = {"weight_gap": 1 - value, "weight_gap_released": (1 - value) / 2}
        rows = [{**pair, **gaps, "weight_angle": 80, "representation_angle": 20} for pair in pairs]
    elif kind == "collapse":
        rows = [{"objective": o, "epoch": e, "split": "test", "cdnv": value} for o in twins for e in (0, 1, 2)]
    elif kind == "between_seeds":
        pair = {"epoch": 2, "split": "test", "first_seed": 0, "second_seed": 1}
        rows = [{**pair, "cka": c, "rsa": c / 2} for c in (0.7, 0.8)] if run.seed == 0 else []
    elif kind == "bounds":
        promised = {f"{m}_{b}": 0.1 for m in ("cka", "rsa") for b in ("corollary1", "corollary2", "sharp")}
        logs = {f"{name}_log": value for name in ("drift", *BOUNDS)}
        where = {"split": "test", "rows": 100}
        measured = {**both, "rho": 0.5}
        rows = [{"epoch": e, "steps": e * run.classes, **where, **measured, **promised, **logs} for e in (1, 2)]
    elif kind == "loss_gap":
        gap = 1 / run.classes
        rows = [{"objective": o, "gap": gap, "bound": 2 * gap} for o in ("cl", "nscl")]
    elif kind == "movement":
        rows = [moved(run, epoch, objective) for objective in ("cl", *twins) for epoch in (0, 1, 2)]
    elif kind == "curvature":
        rows = [{"epoch": e, "sum_of_rates": e, "beta": 1 + value + e} for e in (0, 1, 2)]
    elif kind == "surrogate":
        rows = [{"epoch": e, "step": s, "cosine": value - s / 100} for e in (0, 2) for s in (1, 2)]
    elif kind == "merging":
        rows = [
            {"share": share, "batch_norm": norm, "probe": probe, "accuracy": 90 - share - less}
            for share in (0.0, 0.5, 1.0)
            for norm, less in (("interpolated", 4 * share * (1 - share)), ("reestimated", 0.0))
            for probe in ("nccc", "lp")
        ]
    elif kind == "baselines":
        rows = [{"objective": "raw_pixels", "probe": p, "accuracy": 70.0} for p in ("nccc", "lp")]
    else:
        accuracies = {"untrained": 60.0, "cl": 80.0, "nscl": 80 + run.temperature}
        rows = [{"objective": o, "probe": p, "accuracy": a} for o, a in accuracies.items() for p in ("nccc", "lp")]
    return long(rows) if kind in ("alignment", "between_seeds") else pd.DataFrame(rows)


def swept(kind, twins=TWINS, runs=SWEPT):
    return _swept(kind, tuple(twins), tuple(runs)).copy()


@cache
def _swept(kind, twins, runs):
    return pd.concat([labelled(run, of_run(kind, run, twins)) for run in runs])
