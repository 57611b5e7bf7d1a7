"""What a case of the bricks' contract is: a brick, what it computes, and what it is not to be given."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytensor.tensor as pt


@dataclass(frozen=True)
class Case:
    """A brick, what it computes, and what it is not to be given.

    `inputs` are static shapes: of normal floats, or of what the first entry says (see `KINDS`). `call` applies the
    brick to them. `paths` are the parameters and buffers, relative to the brick; `oracle(p, *inputs)` has these as
    arrays by name. `output` is a shape, or shapes by name where there are several outputs. `wrong` are dtypes and
    static shapes, with a part of the message.
    """

    make: Callable
    inputs: list
    oracle: Callable
    paths: tuple = ()
    output: tuple | dict | None = None
    wrong: list = field(default_factory=list)
    differentiable: bool = True
    call: Callable = lambda brick, *inputs: brick(*inputs)


ELEMENT_WISE = [([("int64", (3, 4))], "input must be of a float dtype, got int64; cast it with input.astype")]
KINDS = {
    "bool": ("bool", lambda rng, shape: rng.random(shape) < 0.5),
    "int": ("int64", lambda rng, shape: rng.integers(0, 3, shape)),
    "normal": ("float64", lambda rng, shape: rng.normal(size=shape)),
    "probability": ("float64", lambda rng, shape: rng.uniform(0.1, 0.9, shape)),
}


def kind_and_shape(spec):
    return spec if spec and spec[0] in KINDS else ("normal", spec)


def symbolic(spec, i=0, known=True):
    kind, shape = kind_and_shape(spec)
    return pt.tensor(f"x{i}", dtype=KINDS[kind][0], shape=shape if known else (None,) * len(shape))


def drawn(spec, rng):
    kind, shape = kind_and_shape(spec)
    return KINDS[kind][1](rng, shape)


def by_name(outputs):
    return outputs if isinstance(outputs, dict) else {"output": outputs}
