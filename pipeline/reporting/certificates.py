"""The bounds along real runs, with what was measured, and along a simulated similarity descent."""

import math
from collections.abc import Callable, Sequence

import pandas as pd

from pipeline.config.run import Run
from pipeline.config.theory_settings import DescentSettings
from pipeline.config.training_settings import classes_of_batch
from pipeline.reporting.measured import labelled
from twin_alignment.theory import theorem_bounds as bounds
from twin_alignment.theory.similarity_descent import descend, random_batches, random_start


def bounds_of_run(
    run: Run, steps: pd.DataFrame, alignment: pd.DataFrame, class_sizes: Sequence[int], delta: float
) -> pd.DataFrame:
    """Bounds on the drift of CL and NSCL, one row per split and kept epoch after the first step.

    Args:
        run: its learning rates are those of the bounds.
        steps: learning_rate and mean_square_mass of every step.
        alignment: a row for every measure.
        class_sizes: training images of each class.
        delta: probability that a class exceeds its guaranteed share of some batch.

    Returns:
        Bounds as natural logarithms. `theorem1_published` has the paper's B anchors and its mismatch. All others have
        the `anchors` of a step, both views of each image, and the sharper mismatch. `vacuous` lists those that reach
        sqrt(2) N, the largest distance of two cosine matrices of N rows. Measured columns are of features h, about
        which the theory says nothing by itself. The corollaries are nan from rho or r = 1 on, and where a network has
        collapsed.
    """
    published_anchors, anchors = run.batch_size, 2 * run.batch_size
    steps = steps[steps["objective"] == "cl"]
    pairs = alignment.query("first == 'cl' and second == 'nscl' and epoch > 0")
    keys = ["epoch", "split", "rows"]
    values = pairs.pivot(index=keys, columns="measure", values="value").reset_index()
    rows = []
    for measured in pairs[keys].drop_duplicates().merge(values).to_dict("records"):
        before = steps[steps["epoch"] <= measured["epoch"]]
        rates, total = before["learning_rate"].to_numpy(), float(before["learning_rate"].sum())
        share = _largest_share(run, class_sizes, len(before), delta)
        published = bounds.log_mismatch(share, run.temperature)
        sharp = bounds.log_mismatch_sharp(share, run.temperature)
        setting = (sharp, total, run.temperature, anchors)
        nonexpansive = bounds.is_nonexpansive(float(rates.max()), run.temperature, anchors)
        masses = before["mean_square_mass"].to_numpy()
        certificate = float(bounds.certificate(masses, rates, run.temperature, anchors)[-1])
        logs = {
            "certificate": math.log(certificate) if nonexpansive and certificate > 0 else math.nan,
            "nonexpansive": bounds.log_nonexpansive(*setting) if nonexpansive else math.nan,
            "telescoped": bounds.log_telescoped(*setting),
            "theorem1": bounds.log_theorem1(*setting),
            "theorem1_published": bounds.log_theorem1(published, total, run.temperature, published_anchors),
        }
        limit = bounds.log_limit(measured["rows"])
        rows.append(
            {
                "epoch": measured["epoch"],
                "split": measured["split"],
                "steps": len(before),
                "sum_of_rates": total,
                "share": share,
                "share_exact": _exact_share(run, class_sizes, len(before), delta),
                "anchors": anchors,
                "published_anchors": published_anchors,
                "mismatch_log": sharp,
                "mismatch_published_log": published,
                **{f"{name}_log": log for name, log in logs.items()},
                "vacuous": "+".join(name for name, log in logs.items() if log >= limit) or "none",
                "rows": measured["rows"],
                "limit_log": limit,
                "drift_log": math.log(measured["drift"]) if measured["drift"] > 0 else math.nan,
                "rho": measured["rho"],
                "cka": measured["cka"],
                "cka_corollary1": _guaranteed(bounds.corollary1, measured["rho"]),
                "cka_sharp": _guaranteed(bounds.sharp_bound, measured["rho"]),
                "r": measured["r"],
                "rsa": measured["rsa"],
                "rsa_corollary2": _guaranteed(bounds.corollary2, measured["r"]),
                "rsa_sharp": _guaranteed(bounds.sharp_bound, measured["r"]),
            }
        )
    return labelled(run, pd.DataFrame(rows))


def _largest_share(run: Run, class_sizes: Sequence[int], steps: int, delta: float) -> float:
    """Share of a batch that no class exceeds in any of the steps, with probability 1 - delta."""
    classes = classes_of_batch(run.batches)
    if classes is not None:  # every class of a batch has the same number of images in it, or one more
        return math.ceil(run.batch_size / classes) / run.batch_size
    return _largest_class(run, class_sizes) + bounds.epsilon(run.batch_size, steps, delta)


def _largest_class(run: Run, class_sizes: Sequence[int]) -> float:
    """Largest probability of a class in a draw; with class-weighted batches every class is equally likely."""
    return 1 / len(class_sizes) if run.batches == "class_weighted" else max(class_sizes) / sum(class_sizes)


def _exact_share(run: Run, class_sizes: Sequence[int], steps: int, delta: float) -> float:
    """Share as of `_largest_share`, from the binomial distribution of images that are drawn independently."""
    if classes_of_batch(run.batches) is not None:
        return _largest_share(run, class_sizes, steps, delta)
    largest = _largest_class(run, class_sizes)
    return largest + bounds.epsilon_exact(largest, len(class_sizes), run.batch_size, steps, delta)


def _guaranteed(corollary: Callable[[float], float], ratio: float) -> float:
    return math.nan if math.isnan(ratio) else corollary(ratio)


def simulated_descent(s: DescentSettings) -> pd.DataFrame:
    """Simulate one similarity descent: drift and all bounds after every step, as natural logarithms."""
    start, labels = random_start(s.images, s.classes, s.dimensions, seed=0)
    batches = random_batches(s.images, s.batch, s.steps, seed=0)
    descent = descend(start, labels, batches, [s.rate] * len(batches), s.temperature)
    bounds_log = {
        "drift": [math.log(drift) for drift in descent.drift],
        "certificate": [math.log(bound) for bound in descent.certificate],
        "nonexpansive": descent.log_nonexpansive,
        "telescoped": descent.log_telescoped,
        "theorem1": descent.log_theorem1,
        "theorem1_published": descent.log_theorem1_published,
    }
    return pd.DataFrame(
        {"step": range(1, len(batches) + 1), **{f"{name}_log": log for name, log in bounds_log.items()}}
    )
