"""`TensorVariable`, to which shared variables and constants did not belong in Theano; in PyTensor they do."""

from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant
from pytensor.tensor.variable import TensorVariable as _TensorVariable


class _WithoutValues(type(_TensorVariable)):
    def __instancecheck__(cls, instance) -> bool:
        return isinstance(instance, _TensorVariable) and not isinstance(instance, SharedVariable | Constant)


class TensorVariable(_TensorVariable, metaclass=_WithoutValues):
    """A symbolic array that has no value of its own: programs ask with it whether something is a parameter.

    >>> import theano
    >>> x = theano.tensor.vector()
    >>> [isinstance(v, TensorVariable) for v in (x, 2 * x, theano.shared(1.0), theano.tensor.constant(1))]
    [True, True, False, False]
    """
