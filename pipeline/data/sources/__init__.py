"""One small file a source: class names, and the images of both splits, one by one in a fixed order."""
