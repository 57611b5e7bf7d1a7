"""Values of named shared variables, as state dictionaries hold them."""

from collections.abc import Mapping

import numpy as np

from bricks.errors import CheckpointError, nearest


def read_values(variables: Mapping) -> dict[str, np.ndarray]:
    """The values by name, copied to the host."""
    return {name: variable.get_value() for name, variable in variables.items()}


def write_values(variables: Mapping, values: Mapping, who: str) -> None:
    """Set all the variables, or none.

    Parameters
    ----------
    variables, values : mapping
        Shared variables, and arrays, by the same names.
    who : str
        Whose they are, for the message.

    Raises
    ------
    CheckpointError
        For names that are missing or unknown, and for other shapes or dtypes.

    >>> write_values({}, {"W": np.zeros(3)}, "step rule adam")
    Traceback (most recent call last):
    bricks.errors.CheckpointError: step rule adam: the state holds 'W', which isn't there now; there are none
    """
    for name in values:
        if name not in variables:
            raise CheckpointError(f"{who}: the state holds {name!r}, which isn't there now; {nearest(name, variables)}")
    for name, variable in variables.items():
        if name not in values:
            raise CheckpointError(f"{who}: the state lacks {name!r}; {nearest(name, values)}")
        now, then = variable.get_value(), np.asarray(values[name])
        if now.shape != then.shape or now.dtype != then.dtype:
            raise CheckpointError(
                f"{who}: {name} must be {now.dtype} {now.shape} as in this model, "
                f"the state holds {then.dtype} {then.shape}; is it another model's?"
            )
    for name, variable in variables.items():
        variable.set_value(np.asarray(values[name]))
