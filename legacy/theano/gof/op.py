"""`theano.gof.op`."""

from pytensor.graph.op import Op
from pytensor.link.c.op import COp, ExternalCOp, OpenMPOp

__all__ = ["COp", "ExternalCOp", "Op", "OpenMPOp"]
