"""The table of workloads and what ours may take at most, as data: the ratio of our time to a peer's."""

from workload import Comparison, Workload

_FROM_LSTM = Comparison("bricks", "bricks, LSTM", 1.2)
_LOOPS = (
    Comparison("bricks", "PyTorch loop", 0.5),
    Comparison("bricks", "PyTorch loop, compiled"),
)


def _cell(name: str, title: str, last: Comparison = _FROM_LSTM) -> Workload:
    title = f"{title}, T=28 B=128 D=28 H=128"
    quick = name not in ("lstm_coupled", "sub_lstm", "janet")
    return Workload(name.replace("_", "-"), title, "cells", {"unit": name}, (*_LOOPS, last), quick=quick)


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
            Comparison("bricks, a step a call", "PyTorch eager"),
            Comparison("bricks, a step a call", "JAX by hand"),
        ),
        multiple=100,
    )


def _startup(model: str, title: str) -> Workload:
    comparisons = [Comparison(f"bricks, {state}", f"JAX by hand, {state}", 2.0) for state in ("cold", "warm")]
    title = f"process start to first step, {title}"
    return Workload(
        f"start-{model}", title, "startup", {"model": model}, tuple(comparisons), unit="s", quick=model == "lstm"
    )


def _data(layout: str, title: str) -> list[Workload]:
    arguments = {"layout": layout, "gigabytes": 8, "batches": 2000}
    title = f"shuffled batches of 100 from 8 GB on disk (0.5 GB in a quick run), {title}"
    time = (
        Comparison("bricks", "DataLoader", 0.5),
        Comparison("bricks", "DataLoader, 2 workers", 0.5),
        Comparison("bricks, 2 workers", "DataLoader, 2 workers"),
        Comparison("bricks, wholly shuffled", "DataLoader"),
    )
    memory = (Comparison("bricks", "DataLoader"),)
    return [
        Workload(f"data-{layout}", title, "data", arguments | {"what": "time"}, time, quick=layout == "piece"),
        Workload(
            f"data-{layout}-memory",
            f"peak of memory, {title}",
            "data",
            arguments | {"what": "memory"},
            memory,
            unit="MiB",
            quick=layout == "piece",
        ),
    ]


TABLE = [
    _mlp("mlp", 500, 100, 0.80, 1.0),
    _mlp("mlp-small", 32, 10, 0.25, None),
    Workload(
        "mlp-old-names",
        "MLP 784-500-10, batch 100, by `import theano`",
        "old_names",
        {"hidden": 500, "batch": 100},
        (Comparison("theano.function", "bricks, a step a call", 1.05),),
        multiple=100,
    ),
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
        quick=False,
    ),
    Workload(
        "monitored",
        "LSTM with 10 activation means, 5 gradient and 5 update norms monitored, T=28 B=128 D=28 H=128",
        "monitored",
        {"T": 28, "B": 128, "D": 28, "H": 128},
        (Comparison("bricks, monitored", "bricks", 1.05),),
    ),
    Workload(
        "stepping",
        "LSTM inference step by step, B=1 D=28 H=128",
        "stepping",
        {"D": 28, "H": 128},
        (Comparison("bricks", "nn.LSTMCell", 1.0), Comparison("bricks, not read", "nn.LSTMCell", 0.5)),
    ),
    _startup("mlp", "MLP 784-500-10, batch 100"),
    _startup("lstm", "LSTM T=28 B=128 D=28 H=128"),
    Workload(
        "memory",
        "growth of memory, LSTM T=784 B=100 D=1 H=128 (pixel MNIST)",
        "memory",
        {"T": 784, "B": 100, "D": 1, "H": 128},
        (Comparison("bricks", "nn.LSTM", 1.0), Comparison("bricks, recomputing", "nn.LSTM", 0.3)),
        unit="MiB",
    ),
    *_data("piece", "in one piece"),
    *_data("chunks", "in chunks with check sums"),
]
