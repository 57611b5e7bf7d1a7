"""Brick: parameters, children, and a way to apply them to symbolic variables.

Bricks are eager: dimensions are given, and parameters have values when the constructor returns. A value is
drawn from (the nearest seed up the tree, the parameter's full path), so that it does not depend on the order
in which bricks are made. When a parent adopts a child, values that nobody has read or set are drawn again
under the new path, with the parent's seed and initialisers where the child has none of its own.
"""

import inspect
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np
from pytensor.graph.basic import Variable

from bricks import engine
from bricks.engine.provenance import Maker, claim
from bricks.errors import UsageError, nearest
from bricks.graph.annotations import Call, annotate
from bricks.graph.projections import project
from bricks.initialization import Constant, Initializer
from bricks.roles import BIAS, BUFFER, PARAMETER, WEIGHT, Role
from bricks.table import table
from bricks.tree import Node, legal_name

logger = logging.getLogger("bricks")


class Brick(Node):
    """A part of a model: parameters, children, and `apply`, which a subclass writes.

    Parameters
    ----------
    name : str, optional
        Among its siblings unique, without "/". By default the class's name in lower_snake_case, with `_1`,
        `_2`, ... added where siblings would be called the same.
    seed : int, optional
        For this brick and those below it. By default the parent's; without a parent the process's, which is
        random and logged.
    weights_init, biases_init : Initializer, optional
        For parameters of role WEIGHT and BIAS, here and below. By default the parent's, else each brick's
        own.
    initializers : dict, optional
        From parameters' names, or ends of paths below this brick (`W`, `linear_0/W`), to initialisers.

    Notes
    -----
    What is set on a brick wins over what is set on its parent.

    >>> from bricks.initialization import Gaussian
    >>> from bricks.roles import WEIGHT
    >>> class Scale(Brick):
    ...     def __init__(self, dim, **settings):
    ...         super().__init__(**settings)
    ...         self.w = self.add_parameter("w", (dim,), role=WEIGHT, init=Gaussian(0.1))
    ...     def apply(self, input_):
    ...         return input_ * self.w
    >>> scale = Scale(3, seed=1)
    >>> scale.w, scale.w.get_value().shape
    (scale/w, (3,))
    """

    output_roles: tuple[Role, ...] = ()

    def __init__(
        self,
        name: str | None = None,
        seed: int | None = None,
        weights_init: Initializer | None = None,
        biases_init: Initializer | None = None,
        initializers: Mapping[str, Initializer] | None = None,
    ):
        super().__init__(name)
        self._seed = _legal_seed(self._name, seed)
        self._initializers = dict(initializers or {})
        for what, init in {
            "weights_init": weights_init,
            "biases_init": biases_init,
            **self._initializers,
        }.items():
            if init is not None and not isinstance(init, Initializer):
                raise UsageError(f"{self._name}: {what} must be an initialiser such as Gaussian(0.1), got {init!r}")
        self._weights_init, self._biases_init = weights_init, biases_init
        self._kept: dict[str, _Kept] = {}
        self._open_calls: list[Call] = []
        self._applied = 0
        self._random_state: engine.RandomState | None = None

    # Parameters and buffers.

    def add_parameter(
        self,
        name: str,
        shape: tuple[int, ...],
        role: Role = PARAMETER,
        init: Initializer | None = None,
        projection: Callable | None = None,
    ):
        """A trained shared variable of dtype floatX, with its value.

        Parameters
        ----------
        name : str
            Unique in this brick; the full path is the variable's name.
        shape : tuple of int
        role : Role
            A kind of PARAMETER.
        init : Initializer, optional
            The brick's own default, used where neither it nor a brick above it was given another.
        projection : callable, optional
            From the symbolic new value to a legal one, after each training step: see `bricks.graph.project`.

        Returns
        -------
        SharedArray
            Of static shape `shape`.
        """
        if not role.is_a(PARAMETER):
            raise UsageError(f"{self.path}: the role of parameter {name} must be a kind of PARAMETER, got {role}")
        variable = self._keep(name, shape, role, init)
        return variable if projection is None else project(variable, projection)

    def add_buffer(self, name: str, shape: tuple[int, ...], role: Role = BUFFER, init: Initializer | None = None):
        """A shared variable that is saved but not trained, such as a population's mean; zeros by default."""
        if not role.is_a(BUFFER):
            raise UsageError(f"{self.path}: the role of buffer {name} must be a kind of BUFFER, got {role}")
        return self._keep(name, shape, role, init or Constant(0))

    @property
    def parameters(self) -> Mapping[str, Variable]:
        """This brick's own parameters by their names."""
        return self._kept_as(PARAMETER)

    @property
    def buffers(self) -> Mapping[str, Variable]:
        """This brick's own buffers by their names."""
        return self._kept_as(BUFFER)

    def all_parameters(self) -> dict[str, Variable]:
        """Parameters of this brick and all below it, by full path."""
        return {f"{brick.path}/{name}": v for brick in self.walk() for name, v in brick.parameters.items()}

    def all_buffers(self) -> dict[str, Variable]:
        """Buffers of this brick and all below it, by full path."""
        return {f"{brick.path}/{name}": v for brick in self.walk() for name, v in brick.buffers.items()}

    @property
    def seed(self) -> int:
        """The seed in force here: the nearest one up the tree, else the process's."""
        for brick in self._upwards():
            if brick._seed is not None:
                return brick._seed
        return _process_seed()

    @property
    def random_state(self) -> "engine.RandomState":
        """The root's source of noise, which one tree shares; made when first asked for."""
        root = self.root
        if root._random_state is None:
            root._tell_process_seed()
            root._random_state = engine.RandomState(root.seed, name=f"{root.name}/random")
        return root._random_state

    def _tell_process_seed(self) -> None:
        if all(brick._seed is None for brick in self._upwards()):
            _log_process_seed()

    def _kept_as(self, role: Role) -> Mapping[str, Variable]:
        return MappingProxyType({name: kept.variable for name, kept in self._kept.items() if kept.role.is_a(role)})

    def _keep(self, name: str, shape, role: Role, init: Initializer | None):
        legal_name(self.path, name)
        if name in self._kept or any(child.name == name for child in self._children):
            raise UsageError(f"{self.path}: names of parameters and children must be unique, got {name!r} twice")
        for length in shape:
            if not isinstance(length, int | np.integer) or isinstance(length, bool) or length < 1:
                raise UsageError(
                    f"{self.path}: the shape of {name} must be of integers of at least 1, got {tuple(shape)}"
                )
        shape = tuple(int(length) for length in shape)
        variable = engine.shared(np.zeros(shape, engine.floatX()), shape=shape)
        annotate(variable, self, name, role)
        self._kept[name] = _Kept(variable, role, init)
        self._settle()
        return variable

    def _reserved_names(self) -> set[str]:
        return set(self._kept)

    def _settle(self) -> None:
        """Name what is kept after its path, and draw what nobody has seen."""
        for name, kept in self._kept.items():
            variable = kept.variable
            variable.name = f"{self.path}/{name}"
            origin = (self.seed, variable.name, self._initializer_of(name, kept))
            if origin == kept.origin or not kept.is_as_drawn():
                continue
            rng = np.random.default_rng(engine.random.seed_from(self.seed, origin[2].whose(variable.name)))
            variable.set_value(origin[2](rng, variable.type.shape, variable.type.dtype))
            variable.touched = False
            kept.origin, kept.held = origin, variable.container.storage[0]

    def _initializer_of(self, name: str, kept: "_Kept") -> Initializer:
        if kept.role.is_a(PARAMETER):
            relative = name
            for brick in self._upwards():
                fitting = [key for key in brick._initializers if _is_end_of(key, relative)]
                if fitting:
                    return brick._initializers[max(fitting, key=len)]
                if kept.role.is_a(WEIGHT) and brick._weights_init is not None:
                    return brick._weights_init
                if kept.role.is_a(BIAS) and brick._biases_init is not None:
                    return brick._biases_init
                relative = f"{brick.name}/{relative}"
        if kept.init is None:
            raise UsageError(
                f"{self.path}: {name} has no initialiser; give the brick weights_init, biases_init or "
                f"initializers={{{name!r}: ...}}"
            )
        return kept.init

    # Applying.

    def __call__(self, *args, **kwargs):
        """Apply the brick; what goes in and comes out is tagged with brick, call and role."""
        apply = getattr(self, "apply", None)
        if apply is None:
            raise UsageError(
                f"{self.path}: {type(self).__name__} has no method `apply`; write one, or apply its children"
            )
        self._check_initializers()
        if self._kept:
            self._tell_process_seed()
        call = Call(self, self._applied)
        self._applied += 1
        bound = inspect.signature(apply).bind(*args, **kwargs)
        for argument, value in bound.arguments.items():
            bound.arguments[argument] = call.take_in(argument.rstrip("_"), value)
        call.arguments = dict(bound.arguments)
        self._open_calls.append(call)
        try:
            given = call.give_out(apply(*bound.args, **bound.kwargs), self.output_roles)
            claim(call.outputs.values(), call, call.inputs.values())
            return given
        finally:
            self._open_calls.pop()

    @property
    def current_call(self) -> Call:
        """Inside `apply`: the application that is going on, whose name is a stream for noise."""
        if not self._open_calls:
            raise UsageError(f"{self.path}: apply the brick by calling it, not its `apply`")
        return self._open_calls[-1]

    @property
    def maker(self) -> Maker:
        """Who makes what is made now: the application that is going on, or, where none is, the brick."""
        return self._open_calls[-1] if self._open_calls else Call(self, 0)

    def tag(self, variable: Variable, name: str, role: Role) -> Variable:
        """Inside `apply`: make a variable on the way findable as this brick's `name`."""
        return annotate(variable, self, name, role, self.current_call)

    def bounds(self, output: str) -> tuple[float, float] | None:
        """Between which values an output of that name always lies; None where there are no bounds, or none known."""
        return None

    def _check_initializers(self) -> None:
        if not self._initializers:
            return
        known = [path[len(self.path) + 1 :] for path in self.all_parameters()]
        for key in self._initializers:
            if not any(_is_end_of(key, path) for path in known):
                raise UsageError(
                    f"{self.path}: initializers has {key!r}, which fits no parameter; {nearest(key, known)}"
                )

    def diagram(self, **how):
        """The brick drawn with those inside it: sizes of parameters, shapes on arrows; see `bricks.view.diagram`.

        In a notebook it is shown; `.save("mlp.svg")`, `.png` or `.pdf` writes it.

        >>> from bricks.layers import Linear
        >>> Linear(784, 10, seed=1).diagram()
        <Drawing: Diagram of Linear linear: 3 boxes, 7,850 parameters>
        """
        from bricks.view import diagram

        return diagram(self, **how)

    def _repr_html_(self) -> str:
        from bricks.view.shown import brick_html

        return brick_html(self)

    def __str__(self):
        return table(self)

    def __repr__(self):
        return f"<{type(self).__name__} {self.path}>"


@dataclass(eq=False)
class _Kept:
    """A shared variable of a brick, and what its value was drawn from."""

    variable: Variable
    role: Role
    init: Initializer | None
    origin: tuple | None = None
    held: np.ndarray | None = None

    def is_as_drawn(self) -> bool:
        """Whether nobody has read or set the value, and no compiled function has updated it."""
        return self.origin is None or (not self.variable.touched and self.variable.container.storage[0] is self.held)


def _is_end_of(key: str, path: str) -> bool:
    return path == key or path.endswith(f"/{key}")


def _legal_seed(who: str, seed: int | None) -> int | None:
    if seed is not None and (not isinstance(seed, int | np.integer) or isinstance(seed, bool) or not 0 <= seed < 2**64):
        raise UsageError(f"{who}: seed must be an integer from 0 to 2**64 - 1, got {seed!r}")
    return seed


@cache
def _process_seed() -> int:
    return secrets.randbits(31)


@cache
def _log_process_seed() -> None:
    logger.info("bricks without a seed draw from seed %d; pass seed= to a brick to repeat a run", _process_seed())
