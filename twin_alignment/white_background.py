"""Images with transparent parts, on white."""

from PIL import Image


def on_white(image: Image.Image) -> Image.Image:
    """Compose an image on white; one without transparency is returned as it is."""
    if not image.has_transparency_data:
        return image
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image.convert("RGBA"))
    return white
