"""One file a dataset, known by the file's name: its `FACTS`, and `images(spec, downloads)`, which gives its class names
and the images of both splits, one by one in a fixed order.

The workflow reads all `FACTS` when it plans: what takes long to import is imported where images are read.
"""
