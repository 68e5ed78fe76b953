"""pandas, imported at its first use: comparisons of files of arrays do without its third of a second."""

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
else:

    class _Pandas:
        def __getattr__(self, name: str) -> Any:
            return getattr(importlib.import_module("pandas"), name)

    pd = _Pandas()

__all__ = ["is_of_pandas", "pd"]


def is_of_pandas(values: Any) -> bool:
    """Return True for a table, a column, an index or an array of pandas."""
    if "pandas" not in sys.modules:
        return False
    return isinstance(values, pd.DataFrame | pd.Series | pd.Index | pd.api.extensions.ExtensionArray)
