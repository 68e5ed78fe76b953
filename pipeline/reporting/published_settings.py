"""Bounds of the theorems at the paper's own settings, without any training.

All forms are of similarity descent as the paper states it, with B anchors a step and the rates of the paper's schedule,
without momentum and LARS. Only the proofs differ between columns.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.config.run import Run
from pipeline.train.schedule import path_length, rate_of
from twin_alignment.theory import theorem_bounds as bounds
from twin_alignment.theory.guarantee import bound_of_schedule


@dataclass(frozen=True)
class PublishedSetting:
    """A dataset's published setting; other fields have a run's defaults."""

    dataset: str
    classes: int
    largest_class: int  # its training images
    train_images: int
    test_images: int
    temperature: float
    # our choice, as the text states no length. It is below the 1,200 epochs of the figures. Bounds grow with the
    # length, so what is not guaranteed here is not guaranteed by longer runs either
    epochs: int = 1000
    released_epochs: int = 1201  # of the released configuration

    def run(self, schedule: str) -> Run:
        """The run with a schedule.

        `text`: linear warm-up, then the cosine's whole decay within the epochs. `released_code`: the rate is set once
        an epoch, and each batch is drawn independently with every class equally likely.
        """
        fields = {"dataset": self.dataset, "classes": self.classes, "temperature": self.temperature}
        if schedule == "text":
            return Run(**fields, epochs=self.epochs)
        return Run(**fields, epochs=self.released_epochs, schedule="released_code", batches="class_weighted")


SETTINGS = (
    PublishedSetting("cifar10", 10, 5_000, 50_000, 10_000, 0.5),
    PublishedSetting("cifar100", 100, 500, 50_000, 10_000, 0.1),
    PublishedSetting("mini_imagenet", 100, 500, 50_000, 10_000, 0.1),
    PublishedSetting("tiny_imagenet", 200, 500, 100_000, 10_000, 0.1),
    PublishedSetting("imagenet1k", 1000, 1_300, 1_281_167, 50_000, 0.1, epochs=100, released_epochs=301),
)
SCHEDULES = ("text", "released_code")


def published_path_length(dataset: str, epoch: int) -> float:
    """Path length of one of SETTINGS until an epoch, counted from 0 as the released code counts them."""
    setting = next(setting for setting in SETTINGS if setting.dataset == dataset)
    run = setting.run("released_code")
    per_epoch = setting.train_images // run.batch_size
    return path_length(run, [rate_of(run, done, 1, per_epoch) * per_epoch for done in range(1, epoch + 2)])


@dataclass(frozen=True)
class PublishedSettingBounds:
    """Bounds in one setting. Logarithms are to base 10; nan: nothing is guaranteed.

    limit_*: sqrt(2) N, the largest distance of two cosine matrices of the training or test images. CKA is on training
    images, which the descent moves. A bound D guarantees a CKA through rho = D / |K^CL|_F. |K^CL|_F is available only
    after training: it is at most N, for a kernel of rank one, and N / sqrt(C - 1) where every class is collapsed onto a
    vertex of a simplex.
    """

    dataset: str
    schedule: str
    classes: int
    temperature: float
    batch_size: int
    epochs: int
    train_images: int
    test_images: int
    steps: int
    sum_of_rates: float
    largest_share: float  # pi_max, of a class
    epsilon: float
    epsilon_exact: float  # of the binomial distribution; in no bound here
    mismatch_published: float  # Delta
    mismatch: float  # the sharper one
    theorem1_published_log10: float
    theorem1_trust_log10: float  # as published, with the rate times LARS' trust coefficient in place of the rate
    theorem1_log10: float  # with the sharper mismatch, as all that follow
    telescoped_log10: float
    nonexpansive_log10: float  # nan where a rate is above 4 tau^2 B
    limit_train_log10: float
    limit_test_log10: float
    cka_published: float  # Theorem 1 as published and Corollary 1, at the largest |K^CL|_F
    cka: float  # the non-expansive form and the square root of 1 - rho^2, at the largest |K^CL|_F
    cka_collapsed: float  # the same at that of collapsed classes


def bounds_of_setting(setting: PublishedSetting, schedule: str, delta: float) -> PublishedSettingBounds:
    """Compute all forms for one of SETTINGS and one of SCHEDULES, with probability 1 - delta."""
    run = setting.run(schedule)
    per_epoch = setting.train_images // run.batch_size
    epochs, steps_of_epoch = range(1, run.epochs + 1), range(1, per_epoch + 1)
    rates = [rate_of(run, epoch, step, per_epoch) for epoch in epochs for step in steps_of_epoch]
    total, steps, images = math.fsum(rates), len(rates), setting.train_images
    balanced = run.batches == "class_weighted"
    largest_share = 1 / setting.classes if balanced else setting.largest_class / images
    guarantee = bound_of_schedule(largest_share, run.batch_size, run.temperature, total, max(rates), steps, delta)
    scale = run.trust_coefficient
    trusted = bound_of_schedule(
        largest_share, run.batch_size, run.temperature, total * scale, max(rates) * scale, steps, delta
    )
    nonexpansive = math.nan if guarantee.nonexpansive_sharp is None else guarantee.nonexpansive_sharp
    norm, collapsed = math.log(images), math.log(images) - math.log(setting.classes - 1) / 2
    return PublishedSettingBounds(
        dataset=setting.dataset,
        schedule=schedule,
        classes=setting.classes,
        temperature=run.temperature,
        batch_size=run.batch_size,
        epochs=run.epochs,
        train_images=images,
        test_images=setting.test_images,
        steps=steps,
        sum_of_rates=total,
        largest_share=largest_share,
        epsilon=math.exp(guarantee.epsilon),
        epsilon_exact=bounds.epsilon_exact(largest_share, setting.classes, run.batch_size, steps, delta),
        mismatch_published=math.exp(guarantee.delta_mismatch),
        mismatch=math.exp(guarantee.delta_mismatch_sharp),
        theorem1_published_log10=_log10(guarantee.theorem1),
        theorem1_trust_log10=_log10(trusted.theorem1),
        theorem1_log10=_log10(guarantee.theorem1_sharp),
        telescoped_log10=_log10(guarantee.telescoped_sharp),
        nonexpansive_log10=_log10(nonexpansive),
        limit_train_log10=_log10(bounds.log_limit(images)),
        limit_test_log10=_log10(bounds.log_limit(setting.test_images)),
        cka_published=_cka_of_rho(guarantee.theorem1 - norm, bounds.corollary1),
        cka=_cka_of_rho(nonexpansive - norm, bounds.sharp_bound),
        cka_collapsed=_cka_of_rho(nonexpansive - collapsed, bounds.sharp_bound),
    )


def _log10(log: float) -> float:
    return log / math.log(10)


def _cka_of_rho(log_rho: float, corollary: Callable[[float], float]) -> float:
    """CKA guaranteed by rho, which may be too large for a float; nan where rho is at least 1 or nan."""
    return corollary(math.exp(log_rho)) if log_rho < 0 else math.nan
