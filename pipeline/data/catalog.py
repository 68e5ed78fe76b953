"""The datasets known by name: where their images come from and how their training views are made."""

from collections.abc import Mapping

from pipeline.params import DatasetSpec, SettingsError, ViewRecipe

_DIGIT_JITTER = {"flip": 0.0, "brightness": 0.4, "contrast": 0.4}  # a mirrored digit is none
_CIFAR = "none stated; the author asks to cite Krizhevsky (2009)"
_IMAGENET = "ImageNet terms of access: non-commercial research and education"
_PHOTOGRAPHS_224 = ViewRecipe(jitter=1.0, brightness=0.8, contrast=0.8, saturation=0.8, hue=0.2, blur=0.1)

CATALOG: Mapping[str, DatasetSpec] = {
    "digits": DatasetSpec(
        source="digits",
        classes=10,
        licence="CC BY 4.0 (UCI, optical recognition of handwritten digits; shipped with scikit-learn)",
        views=ViewRecipe(crop_scale=(0.4, 1.0), **_DIGIT_JITTER),
    ),
    "digit_pairs": DatasetSpec(
        source="digit_pairs",
        classes=100,
        licence="CC BY 4.0 (made of UCI digits)",
        views=ViewRecipe(crop_scale=(0.4, 1.0), crop_ratio=(1.6, 2.5), **_DIGIT_JITTER),  # images are 8 x 16
    ),
    "cifar10": DatasetSpec(source="cifar10", classes=10, licence=_CIFAR),
    "cifar100": DatasetSpec(source="cifar100", classes=100, licence=_CIFAR),
    "svhn": DatasetSpec(
        source="svhn", classes=10, licence="non-commercial use (Netzer et al. 2011)", views=ViewRecipe(flip=0.0)
    ),
    "fashion_mnist": DatasetSpec(source="fashion_mnist", classes=10, licence="MIT (Zalando SE)"),
    "tiny_imagenet": DatasetSpec(source="tiny_imagenet", classes=200, licence=_IMAGENET),
    "mini_imagenet": DatasetSpec(
        source="mini_imagenet",
        classes=100,
        size=224,
        licence=_IMAGENET,
        views=_PHOTOGRAPHS_224,
    ),
    "imagenet1k": DatasetSpec(
        source="imagenet1k",
        classes=1000,
        size=224,
        licence=_IMAGENET,
        views=_PHOTOGRAPHS_224,
    ),
}


def resolve(name: str, datasets: Mapping[str, DatasetSpec]) -> DatasetSpec:
    """Spec of a dataset of `params.yaml` or, where it has none of that name, of the catalog."""
    if name in datasets:
        return datasets[name]
    if name in CATALOG:
        return CATALOG[name]
    allowed = ", ".join(sorted({*datasets, *CATALOG}))
    raise SettingsError(f"dataset = {name!r}: not known, allowed is one of {allowed}, or one set under `datasets`")
