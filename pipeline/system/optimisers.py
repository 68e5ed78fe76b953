"""torch's optimisers without torch's compiler, which takes as long to import as torch itself."""

import inspect

from torch.optim import Optimizer


def leave_compiler_out() -> None:
    """Let optimisers run as they are.

    At their first call these functions would import the compiler, only to exclude themselves from it.
    """
    for name in ("add_param_group", "load_state_dict", "state_dict", "zero_grad"):
        function = inspect.unwrap(getattr(Optimizer, name))
        vars(function).setdefault("__dynamo_disable", function)
