"""Batch normalisation, as Theano 1.0 had it: means over axes, running averages returned and not kept."""

import pytensor.tensor as pt

__all__ = ["batch_normalization", "batch_normalization_test", "batch_normalization_train"]


def batch_normalization(inputs, gamma, beta, mean, std, mode="low_mem"):
    """(inputs - mean) gamma / std + beta, elementwise; `mode` said how to compute it, and XLA decides."""
    if mode not in ("low_mem", "high_mem"):
        raise ValueError(f"theano.tensor.nnet.bn.batch_normalization: mode must be low_mem or high_mem, got {mode!r}")
    return (inputs - mean) * (gamma / std) + beta


def batch_normalization_train(
    inputs,
    gamma,
    beta,
    axes="per-activation",
    epsilon=1e-4,
    running_average_factor=0.1,
    running_mean=None,
    running_var=None,
):
    """Normalise by the batch's own mean and variance.

    Parameters
    ----------
    inputs : Variable
    gamma, beta : Variable
        Scale and shift: of the inputs' number of axes with length 1 along `axes`, or without those axes.
    axes : str or tuple of int
        What is averaged over: "per-activation" (the first), "spatial" (all but the second), or axes.
    running_average_factor : float
        How much of the running averages the new ones make.
    running_mean, running_var : Variable, optional
        Averages so far: then the new ones are returned too, for the caller's updates.

    Returns
    -------
    list
        [normalised, mean, 1 / sqrt(variance + epsilon)], and the new running averages where the old were given; that
        of the variance is without bias: m / (m - 1) of the batch's. All but the first have the axes that gamma has.
    """
    inputs, given = pt.as_tensor_variable(inputs), pt.as_tensor_variable(gamma)
    axes = _axes(inputs, axes)
    gamma, beta = (_aligned(v, inputs, axes) for v in (gamma, beta))
    mean = inputs.mean(axes, keepdims=True)
    variance = inputs.var(axes, keepdims=True)
    invstd = 1 / pt.sqrt(variance + pt.cast(epsilon, inputs.dtype))
    results = [(inputs - mean) * gamma * invstd + beta, *(_as(given, v, axes) for v in (mean, invstd))]
    if running_mean is not None:
        old = _aligned(running_mean, inputs, axes)
        results.append(_as(running_mean, old * (1 - running_average_factor) + mean * running_average_factor, axes))
    if running_var is not None:
        old = _aligned(running_var, inputs, axes)
        m = pt.cast(pt.prod([inputs.shape[axis] for axis in axes]), inputs.dtype)
        new = old * (1 - running_average_factor) + (m / (m - 1)) * variance * running_average_factor
        results.append(_as(running_var, new, axes))
    return results


def batch_normalization_test(inputs, gamma, beta, mean, var, axes="per-activation", epsilon=1e-4):
    """Normalise by a mean and a variance that are given."""
    inputs = pt.as_tensor_variable(inputs)
    axes = _axes(inputs, axes)
    gamma, beta, mean, var = (_aligned(v, inputs, axes) for v in (gamma, beta, mean, var))
    return (inputs - mean) * gamma / pt.sqrt(var + pt.cast(epsilon, inputs.dtype)) + beta


def _axes(inputs, axes) -> tuple:
    if axes == "per-activation":
        return (0,)
    if axes == "spatial":
        return (0, *range(2, inputs.ndim))
    if isinstance(axes, str):
        raise ValueError(f"theano.tensor.nnet.bn: axes must be per-activation, spatial or axes, got {axes!r}")
    axes = tuple(sorted(int(axis) for axis in axes))
    if not axes or not all(0 <= axis < inputs.ndim for axis in axes):
        raise ValueError(f"theano.tensor.nnet.bn: axes must be among 0 to {inputs.ndim - 1}, got {axes}")
    return axes


def _aligned(parameter, inputs, axes):
    """A parameter with the inputs' axes, of length 1 where they are averaged."""
    parameter = pt.as_tensor_variable(parameter)
    if parameter.ndim == inputs.ndim:
        return pt.specify_broadcastable(parameter, *axes)
    kept = iter(range(parameter.ndim))
    if parameter.ndim != inputs.ndim - len(axes):
        raise ValueError(
            f"theano.tensor.nnet.bn: a parameter must have {inputs.ndim - len(axes)} axes, got {parameter.ndim}"
        )
    return parameter.dimshuffle(*("x" if axis in axes else next(kept) for axis in range(inputs.ndim)))


def _as(old, new, axes):
    """A mean with the axes that a parameter has: a running average can then update it."""
    old = pt.as_tensor_variable(old)
    if old.ndim < new.ndim:
        new = new.dimshuffle(*(axis for axis in range(new.ndim) if axis not in axes))
    from theano.tensor._making import patternbroadcast

    return patternbroadcast(new, old.broadcastable)
