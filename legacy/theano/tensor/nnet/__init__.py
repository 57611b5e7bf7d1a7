"""`theano.tensor.nnet`: functions of nets, costs, batch normalisation. Convolution comes later."""

from theano import _gone
from theano.tensor.nnet import bn, nnet, sigm
from theano.tensor.nnet.bn import *  # noqa: F403
from theano.tensor.nnet.nnet import *  # noqa: F403
from theano.tensor.nnet.sigm import *  # noqa: F403

__all__ = sorted({*bn.__all__, *nnet.__all__, *sigm.__all__, "bn", "nnet", "sigm"})

LATER = "convolution comes with a later version of bricks; until then there is no successor here"

_CONVOLUTIONS = """
    conv2d conv2d_transpose conv2d_grad_wrt_inputs conv2d_grad_wrt_weights conv3d conv3d_transpose causal_conv1d
    separable_conv2d separable_conv3d grouped_conv2d abstract_conv2d abstract_conv3d bilinear_upsampling
    frac_bilinear_upsampling conv3D convTransp3D convGrad3D ConvOp Conv3D images2neibs neibs2images unpool
"""
globals().update(_gone.names(__name__, _CONVOLUTIONS, LATER))
for _name in ("conv", "conv3d2d", "abstract_conv", "corr", "corr3d", "neighbours"):
    _gone.put(f"{__name__}.{_name}", LATER)
_gone.put(f"{__name__}.ctc", "CTC is not there; PyTorch and optax have it")
_gone.put(f"{__name__}.blocksparse", "block-sparse products are gone; use theano.tensor.dot")
