"""For every claim, runs whose measures are made up so that its quantity is any given value of each seed."""

import itertools
import math

import pandas as pd

from pipeline.config.run import Run
from pipeline.reporting.measured import labelled
from twin_alignment.theory.theorem_bounds import log_limit

PARTS = ("initialisation", "batches", "augmentations")
LAST = 2  # epoch
SOME = {"dataset": "digits", "classes": 10, "epochs": LAST}
LEARNED = {"cl": 80.0, "untrained": 60.0, "raw_pixels": 70.0}  # accuracies
LEARNED |= {"scl": 85.0, "ce": 85.0, "nscl": 80.0, "nscl_shuffled": 79.0, "cl_independent": 79.0}
LEARNED |= dict.fromkeys(("nscl_random_2", "nscl_random_images_2", "nscl_random_20", "nscl_random_half"), 78.0)
NOT_LEARNED = {**LEARNED, "raw_pixels": 95.0}


def alignment(epoch=LAST, first="cl", **twins):
    """By both measures, with CL or another twin on test images."""
    where = {"first": first, "split": "test", "epoch": epoch}
    return [
        {**where, "second": twin, "measure": measure, "value": value}
        for twin, value in twins.items()
        for measure in ("cka", "rsa")
    ]


def weights(epoch=LAST, **twins):
    """Of every twin the weight gap, the weights' angle and the representations'."""
    names = ("weight_gap", "weight_angle", "representation_angle")
    return [
        {"first": "cl", "second": twin, "epoch": epoch, **dict(zip(names, values, strict=True))}
        for twin, values in twins.items()
    ]


def movement(epoch=LAST, **values):
    return [{"epoch": epoch, "objective": "cl", "steps": 100, "path_length": 2.0, "cka": 0.5, "rsa": 0.5, **values}]


def probes(**accuracies):
    """By both probes, with an untrained network's."""
    return [
        {"objective": objective, "probe": probe, "accuracy": accuracy}
        for objective, accuracy in {"untrained": LEARNED["untrained"], **accuracies}.items()
        for probe in ("nccc", "lp")
    ]


def _aligned(**twins):
    """Twins by their distance to 0.5, or as a share of the value's."""
    return lambda v: [({}, {"alignment": alignment(**{twin: 0.5 + share * v for twin, share in twins.items()})})]


def _weighed(of):
    return lambda v: [({}, {"weights": weights(**of(v))})]


def floored(value, floor, epoch=LAST):
    """Alignment of NSCL that is the value above that of perturbed CL."""
    return alignment(epoch, nscl=floor + value, cl_perturbed=floor)


def _swept(field, values, **fields):
    """Alignment whose slope in the logarithm of a field is the value above a floor that rises with the field."""
    return lambda v: [
        (
            {field: x, **fields},
            {"alignment": floored(0.1 + v * math.log(x), 0.3 + 0.05 * math.log(x)), "movement": movement()},
        )
        for x in values
    ]


def _rules(*cells):
    """(rule, batch size, share of the value)"""
    return lambda v: [
        ({"learning_rate_rule": rule, "batch_size": batch}, {"alignment": floored(share * v, 0.5 + batch / 1024)})
        for rule, batch, share in cells
    ]


def _accurate(**twins):
    return lambda v: [({}, {"probes": probes(**{twin: 80 + share * v for twin, share in twins.items()})})]


def _accurate_by_temperature(**twins):
    return lambda v: [
        (
            {"temperature": t},
            {"probes": probes(**{twin: base + share * v * math.log(t) for twin, (base, share) in twins.items()})},
        )
        for t in (0.5, 1.0)
    ]


def _shared(part):
    rest = tuple(name for name in PARTS if name != part)
    return lambda v: [
        ({"shared": PARTS}, {"alignment": alignment(nscl=0.5 + v)}),
        ({"shared": rest}, {"alignment": alignment(nscl=0.5)}),
    ]


def _between_seeds(v):
    pairs = [
        {"epoch": LAST, "split": "test", "first_seed": one, "second_seed": other, "measure": measure, "value": 0.5}
        for one, other in itertools.combinations(range(5), 2)
        for measure in ("cka", "rsa")
    ]
    return [({}, {"alignment": alignment(nscl=0.5 + v), "between_seeds": pairs})]


def _beyond(v):
    return [({}, {"alignment": alignment(nscl=0.5 + v), "movement": movement()})]


def _late(v):
    before, after = (floored(v * math.log(path), 0.5 - path / 20, epoch) for epoch, path in ((1, 2.0), (LAST, 4.0)))
    moved = [*movement(1, path_length=2.0), *movement(path_length=4.0)]
    return [({}, {"alignment": [*before, *after], "movement": moved})]


def _collapse(other):
    def plant(v):
        cdnvs = {"nscl": math.exp(v), other: 1.0}
        where = {"split": "train", "epoch": LAST}
        return [({}, {"collapse": [{**where, "objective": name, "cdnv": cdnv} for name, cdnv in cdnvs.items()]})]

    return plant


def _loss_gap(v):
    return [
        (
            {"classes": c},
            {"loss_gap": [{"objective": "cl", "gap": math.exp(1 + v * math.log(c))}], "movement": movement()},
        )
        for c in (2, 10)
    ]


def _merging(v):
    rows = [
        {"share": share, "probe": "lp", "batch_norm": norm, "accuracy": 80 + (v if norm == "reestimated" else 9) * half}
        for share, half in ((0.0, 0), (0.5, 1), (1.0, 0))
        for norm in ("interpolated", "reestimated")
    ]
    return [({}, {"merging": rows})]


def _drifting(v):
    return [({}, {"weights": [*weights(1, nscl=(0.5, 1, 1)), *weights(nscl=(0.5 + v, 1, 1))]})]


def _bounds(of):
    promised = {
        f"{measure}_{bound}": 0.5 for measure in ("cka", "rsa") for bound in ("corollary1", "corollary2", "sharp")
    }
    return lambda v: [({}, {"bounds": [{"cka": 0.5, "rsa": 0.9, "rows": 50, **promised, **of(v)}]})]


def _contrast(v):
    pairs = [*alignment(nscl=0.52 + v, cl_perturbed=0.5), *alignment(first="nscl", cl_perturbed=0.48 + v)]
    return [({}, {"alignment": pairs})]


def _declining(v):
    """NSCL and perturbed CL begin at 1, are highest at the first epoch, and end lower by 0.1, NSCL by v more."""
    kept = [*alignment(0, nscl=1.0, cl_perturbed=1.0), *alignment(1, nscl=0.8, cl_perturbed=0.6)]
    return [({}, {"alignment": [*kept, *alignment(nscl=0.7 - v, cl_perturbed=0.5)]})]


def _coarser(v):
    counts = {"nscl_superclasses": 20, "nscl_five": 5, "nscl_two": 2}
    chance = {f"nscl_random_images_{count}": 0.3 + count / 100 for count in counts.values()}
    twins = {twin: chance[f"nscl_random_images_{c}"] + 0.1 + v * math.log(c) for twin, c in counts.items()}
    return [({}, {"alignment": alignment(**twins, **chance)})]


BY_BOTH = {
    "label_contrast": _contrast,
    "sharing_adds": _aligned(cl_perturbed=1, cl_independent=0),
    "declines_beyond_floor": _declining,
    "meaning_beyond_chance": _aligned(nscl_two=1, nscl_random_2=0),
    "random_groups_at_floor": _aligned(nscl_random_2=1, nscl_random_images_2=0),
    "meaning_beyond_chance_20": _aligned(nscl_superclasses=1, nscl_random_20=0),
    "uneven_groups": _aligned(nscl_animals=1, nscl_random_half=0),
    "fine_labels_at_floor": _aligned(nscl=1, nscl_shuffled=0),
    "coarser_labels": _coarser,
    "stays_aligned": _aligned(nscl=1, cl_independent=0),
    "aligned_throughout": _aligned(nscl=1, cl_independent=0),
    "aligned_beyond_initialisation": _beyond,
    "labels_have_own_effect": _aligned(nscl=1, nscl_shuffled=0),
    "label_fraction_less_shuffled": _aligned(nscl_partial_25=0.25, nscl=1, nscl_shuffled_partial_25=0, nscl_shuffled=0),
    "label_fraction": _aligned(nscl_partial_25=0.25, nscl_partial_75=0.75, nscl=1),
    "nscl_closer_than_scl": _aligned(nscl=1, scl=0),
    "nscl_closer_than_ce": _aligned(nscl=1, ce=0),
    "closer_than_another_seed": _between_seeds,
    "more_classes_epochs": _swept("classes", (2, 10)),
    "more_classes_steps": _swept("classes", (2, 10)),
    "higher_temperature": _swept("temperature", (0.5, 1.0)),
    "longer_training": _late,
    "order_kept_late": _aligned(nscl=1, scl=0, ce=-1e-9),
    "transformers": _aligned(nscl=1, scl=0),
    **{f"share_{part}": _shared(part) for part in PARTS},
}

PLANTS = {  # name -> value -> for every run its fields and the rows of each kind
    **BY_BOTH,
    **{f"{name}_rsa": plant for name, plant in BY_BOTH.items()},
    "weights_turn_more": _weighed(lambda v: {"nscl": (1, 20 + v, 20)}),
    "weights_turn_more_shuffled": _weighed(lambda v: {"nscl_shuffled": (1, 20 + v, 20)}),
    "weights_turn_more_independent": _weighed(lambda v: {"cl_independent": (1, 20 + v, 20)}),
    "weights_turn_more_than_control": _weighed(lambda v: {"nscl": (1, 60 + v, 20), "cl_independent": (1, 70, 30)}),
    "labels_have_own_effect_weights": _weighed(lambda v: {"nscl": (1, 20 + v, 1), "nscl_shuffled": (1, 20, 1)}),
    "chaos": _weighed(lambda v: {"nscl": (1, 40, 1), "cl_perturbed": (1, 40 * v, 1)}),
    "weights_drift": _drifting,
    "weights_of_scl_further": _weighed(lambda v: {"nscl": (0.5, 1, 1), "scl": (0.5 + v, 1, 1)}),
    "collapses_later_than_scl": _collapse("scl"),
    "collapses_later_than_ce": _collapse("ce"),
    "smaller_batches": _swept("batch_size", (64, 256), learning_rate_rule="linear"),
    "batches_sqrt_published": _swept("batch_size", (64, 256), learning_rate_rule="sqrt_published"),
    "batches_fourth_root_published": _swept("batch_size", (64, 256), learning_rate_rule="fourth_root_published"),
    "gentler_rules_published": _rules(("sqrt_published", 256, 1), ("linear", 256, 0), ("linear", 64, 3)),
    "gentler_rules_normalised": _rules(("linear", 64, 0), ("linear", 256, 0), ("sqrt", 64, -math.log(4))),
    "labels_help": _accurate(cl=0, nscl=1),
    "labels_help_lp": _accurate(cl=0, nscl=1),
    "shuffled_labels_do_not_help": _accurate(cl=0, nscl_shuffled=1),
    "shuffled_labels_do_not_help_lp": _accurate(cl=0, nscl_shuffled=1),
    "accuracy_gap_and_temperature": _accurate_by_temperature(cl=(80, 0), nscl=(85, 1)),
    "accuracy_and_temperature": _accurate_by_temperature(cl=(80, 1)),
    "merging": _merging,
    "loss_gap_and_classes": _loss_gap,
    "loss_gap_bound": lambda v: [({}, {"loss_gap": [{"objective": "cl", "gap": v, "bound": 1.0}]})],
    "theorem1_informative": _bounds(lambda v: {"theorem1_published_log": log_limit(50) + v}),
    "drift_falls": lambda v: [
        ({}, {"bounds": [{"epoch": e, "split": "test", "rho": 0.5 * math.exp(e * v)} for e in (LAST, 1)]})
    ],
    "corollaries": _bounds(lambda v: {"cka": 0.5 + v}),
    "sharper_corollaries": _bounds(lambda v: {"cka": 0.5 + v}),
    "published_tiny_imagenet": lambda v: [
        ({"dataset": "tiny_imagenet", "classes": 200}, {"alignment": alignment(nscl=v)})
    ],
}


def planted(plant, values, accuracies=LEARNED):
    """kind -> labelled rows of runs in which seed i has the i-th value."""
    tables = {}
    for seed, value in enumerate(values):
        for fields, kinds in plant(value):
            run = Run(**{**SOME, **fields, "seed": seed})
            trained = {name: accuracy for name, accuracy in accuracies.items() if name != "raw_pixels"}
            kinds.setdefault("probes", probes(**trained))
            raw = {"objective": "raw_pixels", "accuracy": accuracies["raw_pixels"]}
            kinds.setdefault("baselines", [{**raw, "probe": probe} for probe in ("nccc", "lp")])
            for kind, rows in kinds.items():
                if kind != "between_seeds" or seed == 0:  # of which a file is of all seeds
                    tables.setdefault(kind, []).append(labelled(run, pd.DataFrame(rows)))
    return {kind: pd.concat(parts) for kind, parts in tables.items()}
