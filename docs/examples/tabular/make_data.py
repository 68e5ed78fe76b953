"""Write scikit-learn's digits as a table of 64 columns, one for each pixel: downloads/tabular.npz."""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

X, y = load_digits(return_X_y=True)
Path("downloads").mkdir(exist_ok=True)
np.savez("downloads/tabular.npz", X=(X - 8) / 8, y=y)  # from -1 to 1
