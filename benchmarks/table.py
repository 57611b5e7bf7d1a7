"""The table of workloads and what ours may take at most, as data: the ratio of our time to a peer's."""

from workload import Comparison, Workload

_FROM_LSTM = Comparison("bricks", "bricks, LSTM", 1.2)
_LOOPS = (
    Comparison("bricks", "PyTorch loop", 0.5),
    Comparison("bricks", "PyTorch loop, compiled"),
)


def _cell(name: str, title: str, last: Comparison = _FROM_LSTM) -> Workload:
    title = f"{title}, T=28 B=128 D=28 H=128"
    return Workload(name.replace("_", "-"), title, "cells", {"unit": name}, (*_LOOPS, last))


def _mlp(name: str, hidden: int, batch: int, eager: float, by_hand: float | None) -> Workload:
    return Workload(
        name,
        f"MLP 784-{hidden}-10, batch {batch}, with its data",
        "mlp",
        {"hidden": hidden, "batch": batch},
        (
            Comparison("bricks", "PyTorch eager", eager),
            Comparison("bricks", "PyTorch compiled"),
            Comparison("bricks", "JAX by hand", by_hand),
        ),
        multiple=100,
    )


TABLE = [
    _mlp("mlp", 500, 100, 0.80, 1.0),
    _mlp("mlp-small", 32, 10, 0.25, None),
    Workload(
        "lstm",
        "LSTM T=28 B=128 D=28 H=128",
        "recurrent",
        {"unit": "lstm", "T": 28, "B": 128, "D": 28, "H": 128, "by_hand": True},
        (Comparison("bricks", "nn.LSTM", 1.0), Comparison("bricks", "JAX by hand")),
    ),
    Workload(
        "gru-at-product",
        "GRU, reset at the product, T=28 B=128 D=28 H=128",
        "recurrent",
        {"unit": "gru", "T": 28, "B": 128, "D": 28, "H": 128},
        (Comparison("bricks", "nn.GRU", 1.0),),
    ),
    _cell("lstm_peephole", "LSTM with peepholes"),
    _cell("lstm_coupled", "LSTM, input and forget gate coupled"),
    _cell("sub_lstm", "subLSTM"),
    _cell("janet", "JANET"),
    _cell("gru", "GRU, reset at the source"),
    _cell("layer_normalised", "LSTM, layer-normalised"),
    _cell("deep_gates", "LSTM, deep gates", Comparison("bricks", "bricks, LSTM", 1.2, work="work")),
    Workload(
        "pixels",
        "LSTM T=784 B=100 D=1 H=128 (pixel MNIST)",
        "recurrent",
        {"unit": "lstm", "T": 784, "B": 100, "D": 1, "H": 128},
        (Comparison("bricks", "nn.LSTM", 1.0),),
    ),
    Workload(
        "lstm-2-layers",
        "LSTM T=64 B=64 D=512 H=512, 2 layers",
        "recurrent",
        {"unit": "lstm", "T": 64, "B": 64, "D": 512, "H": 512, "layers": 2},
        (Comparison("bricks", "nn.LSTM", 1.0),),
    ),
]
