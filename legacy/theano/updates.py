"""`OrderedUpdates`: a dict of updates that refuses what is no shared variable, and two updates of one."""

from collections import OrderedDict

from pytensor.compile.sharedvalue import SharedVariable

__all__ = ["OrderedUpdates"]


class OrderedUpdates(OrderedDict):
    """{shared variable: new value}, in order; `a + b` joins two, and KeyError says where they collide.

    >>> import theano
    >>> w = theano.shared(1.0)
    >>> len(OrderedUpdates({w: w + 1}) + {})
    1
    """

    def __setitem__(self, variable, new):
        if not isinstance(variable, SharedVariable):
            raise TypeError(f"OrderedUpdates: keys must be shared variables, got {variable!r}")
        super().__setitem__(variable, new)

    def update(self, other=None):
        """Take over the updates of another dict or of pairs; those of one variable must be the same."""
        for variable, new in other.items() if hasattr(other, "items") else other or ():
            if variable in self and self[variable] is not new:
                raise KeyError("Collision", variable)
            self[variable] = new

    def __add__(self, other):
        joint = OrderedUpdates()
        joint.update(self)
        joint.update(other)
        return joint

    def __radd__(self, other):
        joint = OrderedUpdates()
        joint.update(other)
        joint.update(self)
        return joint
