"""Bricks one after another, and the multi-layer perceptron."""

from collections.abc import Sequence as SequenceOf

from bricks.brick import Brick
from bricks.errors import ShapeError, UsageError
from bricks.layers.linear import Linear


class Sequence(Brick):
    """Applies bricks one after another.

    Parameters
    ----------
    bricks : list of Brick
        In order of application. A brick that stands in several places is one child, applied several times.
    **settings
        Of `Brick`.

    Attributes
    ----------
    input_dim, output_dim : int or None
        Of the first and the last brick that change the length of the last axis, as far as it is known.

    Raises
    ------
    ShapeError
        If a brick's input_dim is not the output_dim that comes before it.

    >>> from bricks.layers import Linear, Rectifier
    >>> Sequence([Linear(4, 3), Rectifier(), Linear(3, 2)], seed=1).children
    (<Linear sequence/linear>, <Rectifier sequence/rectifier>, <Linear sequence/linear_1>)
    """

    def __init__(self, bricks: SequenceOf[Brick], **settings):
        super().__init__(**settings)
        if not bricks:
            raise UsageError(f"{self.path}: needs at least one brick")
        self.children = bricks
        self.bricks = tuple(bricks)
        self.input_dim = self._first_dim()
        self.output_dim = self._check_dims()

    def _first_dim(self) -> int | None:
        for brick in self.bricks:
            if any(getattr(brick, known, None) for known in ("input_dim", "output_dim", "output_dim_of")):
                return getattr(brick, "input_dim", None)
        return None

    def _check_dims(self) -> int | None:
        dim, source = None, None
        for brick in self.bricks:
            needed = getattr(brick, "input_dim", None)
            if dim and needed and needed != dim:
                raise ShapeError(
                    f"{brick.path}: input_dim must be {dim}, the output_dim of {source.path} before it, got {needed}"
                )
            if dim and hasattr(brick, "output_dim_of"):
                dim, source = brick.output_dim_of(dim), brick
            elif getattr(brick, "output_dim", None):
                dim, source = brick.output_dim, brick
        return dim

    def apply(self, input_):
        """The last brick's output."""
        for brick in self.bricks:
            input_ = brick(input_)
        return input_


class MLP(Sequence):
    """Multi-layer perceptron: linear layers, each followed by an activation.

        h_0 = x        h_{i+1} = activation_i(h_i W_i + b_i)

    Parameters
    ----------
    activations : list of Brick or None
        One for each layer; None for none, as before a cost on logits.
    dims : list of int
        One more than activations: input, hidden layers, output.
    use_bias : bool
        Whether the layers have a b.
    **settings
        Of `Brick`.

    Attributes
    ----------
    linears : tuple of Linear
        Named `linear_0`, `linear_1`, ...

    >>> from bricks.layers import Softmax, Tanh
    >>> mlp = MLP([Tanh(), Softmax()], [784, 500, 10], seed=1)
    >>> list(mlp.all_parameters())
    ['mlp/linear_0/W', 'mlp/linear_0/b', 'mlp/linear_1/W', 'mlp/linear_1/b']
    """

    def __init__(self, activations: SequenceOf[Brick | None], dims: SequenceOf[int], use_bias: bool = True, **settings):
        if len(dims) != len(activations) + 1 or not activations:
            raise UsageError(
                f"{settings.get('name') or 'mlp'}: dims must be one more than activations (input, hidden "
                f"layers, output), got {len(dims)} dims and {len(activations)} activations"
            )
        self.linears = tuple(
            Linear(dims[i], dims[i + 1], use_bias=use_bias, name=f"linear_{i}") for i in range(len(activations))
        )
        pairs = zip(self.linears, activations, strict=True)
        super().__init__([brick for pair in pairs for brick in pair if brick is not None], **settings)
