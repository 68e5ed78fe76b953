"""Features of networks: hooks on their layers, folders of images, and comparisons of two networks."""
