"""scikit-learn's 1,797 handwritten digits, 8 x 8 grey, a fifth of each class for testing."""

from pathlib import Path

from pipeline.config.dataset_settings import DatasetSpec, SourceSettings
from pipeline.config.view_settings import ViewRecipe
from pipeline.datasets.dataset_facts import Facts, square
from pipeline.datasets.digit_images import digit_images
from pipeline.datasets.source_images import SourceImages

FACTS = Facts(
    DatasetSpec(
        source="digits",
        classes=10,
        licence="CC BY 4.0 (UCI, optical recognition of handwritten digits; shipped with scikit-learn)",
        views=ViewRecipe(crop_scale=(0.4, 1.0), flip=0.0),  # a mirrored digit is not a digit
    ),
    square(1437, 360, 1, 8),
)


def images(spec: SourceSettings, downloads: Path) -> SourceImages:
    return SourceImages(tuple("0123456789"), *digit_images())
