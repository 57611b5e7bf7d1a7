"""Bricks beside each other: one input to several (Fork), several to as many (Parallel), several to one (Merge)."""

from collections.abc import Mapping

from bricks.brick import Brick
from bricks.errors import ShapeError, UsageError, nearest


class _Branches(Brick):
    """Bricks by name, which become children of these names.

    Parameters
    ----------
    branches : mapping of str to Brick
    **settings
        Of `Brick`.
    """

    same: str | None = None

    def __init__(self, branches: Mapping[str, Brick], **settings):
        super().__init__(**settings)
        if not isinstance(branches, Mapping) or not branches:
            raise UsageError(f"{self.path}: branches must be bricks by name, at least one, got {branches!r}")
        for name, brick in branches.items():
            if isinstance(brick, Brick):
                brick.suggest_name(name)
        self.children = branches.values()
        if len(self.children) < len(branches):
            raise UsageError(f"{self.path}: each branch must be a brick of its own, got one under two names")
        self.branches = dict(branches)
        self._check_dims()

    def _check_dims(self) -> None:
        if self.same is None:
            return
        dims = {name: getattr(brick, self.same, None) for name, brick in self.branches.items()}
        known = {dim for dim in dims.values() if dim}
        if len(known) > 1:
            found = ", ".join(f"{name} {dim}" for name, dim in dims.items())
            raise ShapeError(f"{self.path}: all branches must have the same {self.same}, got {found}")
        setattr(self, self.same, next(iter(known), None))

    def _each(self, inputs: Mapping) -> dict:
        for name in inputs:
            if name not in self.branches:
                raise UsageError(f"{self.path}: there is no branch {name!r}; {nearest(name, self.branches)}")
        for name in self.branches:
            if name not in inputs:
                raise UsageError(f"{self.path}: needs an input {name!r}, got {', '.join(inputs) or 'none'}")
        return {name: brick(inputs[name]) for name, brick in self.branches.items()}


class Parallel(_Branches):
    """Applies each brick to an input of its own.

        y_k = brick_k(x_k)

    Parameters
    ----------
    branches : mapping of str to Brick
        They become children of these names, where they have none given by hand.
    **settings
        Of `Brick`.

    >>> import pytensor.tensor as pt
    >>> from bricks.layers import Linear
    >>> parallel = Parallel({"left": Linear(3, 2), "right": Linear(4, 5)}, seed=1)
    >>> x, y = pt.matrix("x", dtype="float32"), pt.matrix("y", dtype="float32")
    >>> parallel(left=x, right=y)
    {'left': parallel.left, 'right': parallel.right}
    """

    def apply(self, **inputs):
        """An input for each branch, by its name; a dict of outputs."""
        return self._each(inputs)


class Fork(_Branches):
    """Applies each brick to the same input.

        y_k = brick_k(x)

    Parameters
    ----------
    branches : mapping of str to Brick
        Of one input_dim, as far as they have one; children of these names, where they have none given by hand.
    **settings
        Of `Brick`.

    Attributes
    ----------
    input_dim : int or None

    >>> import pytensor.tensor as pt
    >>> from bricks.layers import Linear
    >>> fork = Fork({"mean": Linear(4, 2), "log_variance": Linear(4, 2)}, seed=1)
    >>> fork(pt.matrix("x", dtype="float32"))
    {'mean': fork.mean, 'log_variance': fork.log_variance}
    """

    same = "input_dim"

    def apply(self, input_):
        """What the branches take; a dict of outputs."""
        return self._each(dict.fromkeys(self.branches, input_))


class Merge(_Branches):
    """The sum of what the bricks make of an input of each one's own.

        y = sum_k brick_k(x_k)

    Parameters
    ----------
    branches : mapping of str to Brick
        Of one output_dim, as far as they have one; children of these names, where they have none given by hand.
    **settings
        Of `Brick`.

    Attributes
    ----------
    output_dim : int or None

    >>> import pytensor.tensor as pt
    >>> from bricks.layers import Linear
    >>> merge = Merge({"image": Linear(784, 50), "word": Linear(100, 50, use_bias=False)}, seed=1)
    >>> merge(image=pt.matrix("x", dtype="float32"), word=pt.matrix("y", dtype="float32"))
    merge.output
    """

    same = "output_dim"

    def apply(self, **inputs):
        """An input for each branch, by its name."""
        total, *others = self._each(inputs).values()
        for output in others:
            total = total + output
        return total
