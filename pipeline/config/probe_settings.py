"""Settings of the probes of frozen features."""

from typing import Literal

from pydantic import Field

from pipeline.config.base import Settings


class ProbeSettings(Settings):
    """The linear probe on frozen features; the nearest class centre has no settings.

    `lbfgs` is multinomial regression on standardised features, solved until it has converged; `released_code` is
    that of the paper's code: 300 full-batch Adam steps at 3e-3 on raw features, no bias, converged or not.
    """

    solver: Literal["lbfgs", "released_code"] = "lbfgs"
    l2: float = Field(1e-3, ge=0.0)
    """weight of ||W||^2 / 2, added to the mean cross-entropy"""
    tolerance: float = Field(1e-4, gt=0.0)
    """converged: largest absolute entry of the gradient below this"""
    max_iterations: int = Field(500, ge=1)
