"""Settings of bounds, curvature and merged weights."""

from pydantic import Field

from pipeline.config.base import Settings


class DescentSettings(Settings):
    """One simulated similarity descent of CL and NSCL."""

    images: int = Field(512, ge=4)
    classes: int = Field(16, ge=2)
    dimensions: int = Field(32, ge=1)
    """of the random features whose similarities are the start"""
    batch: int = Field(64, ge=2)
    steps: int = Field(400, ge=1)
    temperature: float = Field(0.5, gt=0.0)
    rate: float = Field(2.0, gt=0.0)


class SurrogateSettings(Settings):
    """Assumptions of the theory, measured on one batch of trained CL networks."""

    iterations: int = Field(12, ge=1)
    """of the power iteration for the Hessian's largest eigenvalue"""
    steps: int = Field(8, ge=1)
    """of plain gradient descent on the weights, compared with similarity descent"""
    rate: float = Field(1e-3, gt=0.0)
    """of these steps: small, as only the direction matters"""


class ForcingSettings(Settings):
    """Forcing of CL by another objective: the part of the difference of their gradients that all batches share."""

    batches: int = Field(32, ge=4, multiple_of=2)
    """over which the gradients of a checkpoint are averaged, in two halves"""
    images: int = Field(1000, ge=10)
    """test images, drawn at random, on which the displacement of the kernel is followed"""


class TheorySettings(Settings):
    """Constants of the theory's tables."""

    delta: float = Field(0.01, gt=0.0, lt=1.0)
    """probability that a class exceeds its promised share of some batch"""
    simulation: DescentSettings = DescentSettings()
    surrogate: SurrogateSettings = SurrogateSettings()
    forcing: ForcingSettings = ForcingSettings()
    merging_shares: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 1.0)
    """of NSCL in the merged weights; must hold 0, 0.5 and 1"""
