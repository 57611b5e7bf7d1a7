"""What PyTorch computes with some weights, kept for tests in `golden/`; and how far we are from it right now.

    python tests/gated/make_golden.py            # writes golden/*.npz (made with torch 2.13.0, CPU)
    python tests/gated/make_golden.py compare    # prints the largest differences at H=128, T=28, B=32

Both need torch, which the tests do not: run this in the environment of benchmarks. Each file has, in float64, `input`,
`output`, `h_n`, `c_n` (of an LSTM), the module's weights under PyTorch's names, and under `grad/...` the gradients of
sum(output**2) + sum(h_n**2) + sum(c_n**2) with respect to all of these weights and `input`.
"""

import sys
from pathlib import Path

import numpy as np

GOLDEN = Path(__file__).parent / "golden"
TIME, BATCH, INPUT, DIM = 4, 2, 3, 5
CASES = {
    "lstm": ("LSTM", {}),
    "gru": ("GRU", {}),
    "lstm_two_layers_both_ways": ("LSTM", {"num_layers": 2, "bidirectional": True}),
}


def computed(kind, options, time, batch, input_dim, dim, dtype="float64", seed=0):
    """Everything of one case by name."""
    import torch  # here, so that tests can be collected without it

    torch.manual_seed(seed)
    module = getattr(torch.nn, kind)(input_dim, dim, dtype=getattr(torch, dtype), **options)
    x = torch.randn(time, batch, input_dim, dtype=getattr(torch, dtype), requires_grad=True)
    output, last = module(x)
    last = dict(zip(("h_n", "c_n"), last if isinstance(last, tuple) else (last,), strict=False))
    sum((value**2).sum() for value in (output, *last.values())).backward()
    values = {"input": x, "output": output, **last, **dict(module.named_parameters())}
    gradients = {f"grad/{name}": value.grad for name, value in {"input": x, **dict(module.named_parameters())}.items()}
    return {name: value.detach().numpy() for name, value in (values | gradients).items()}


def main():
    GOLDEN.mkdir(exist_ok=True)
    for name, (kind, options) in CASES.items():
        np.savez_compressed(GOLDEN / f"{name}.npz", **computed(kind, options, TIME, BATCH, INPUT, DIM))


def compare():
    import torch
    from test_interchange import differences

    torch.set_num_threads(1)
    for kind, name in (("LSTM", "lstm"), ("GRU", "gru")):
        for dtype in ("float32", "float64"):
            values = computed(kind, {}, 28, 32, 28, 128, dtype)
            far = differences(values, name, dtype)
            largest = max(np.abs(value).max() for key, value in values.items() if key.startswith("grad/"))
            outputs = max(value for key, value in far.items() if not key.startswith("grad/"))
            gradients = max(value for key, value in far.items() if key.startswith("grad/"))
            print(
                f"{kind:4} {dtype}: outputs and last states differ by {outputs:.1e}, gradients by {gradients:.1e} "
                f"(the largest gradient is {largest:.1f})"
            )


if __name__ == "__main__":
    compare() if sys.argv[1:] == ["compare"] else main()
