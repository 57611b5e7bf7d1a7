"""LSTM and GRU against the fused ones of PyTorch, and an LSTM by hand in JAX: the same weights, one batch."""

from functools import partial

import numpy as np

CLASSES, RATE = 10, 0.1


def contenders(effort, unit: str, T: int, B: int, D: int, H: int, layers: int = 1, by_hand: bool = False) -> dict:
    import peers_jax
    import peers_torch

    kind = {"lstm": "LSTM", "gru": "GRU"}[unit]
    options = {"at": "product"} if unit == "gru" else {}
    net = fused(kind, D, H, layers)
    x, y = batch(T, B, D)

    def bricks_run():
        from bricks.gated import load_torch

        units, head, descent = classifier(unit, (T, B, D, H), layers, **options)
        load_torch(units, net.rnn.state_dict())
        load_head(head, net.head)
        return on_one_batch(descent, x, y)

    found = {"bricks": bricks_run, f"nn.{kind}": partial(peers_torch.on_one_batch, net, x, y)}
    if by_hand:
        found["JAX by hand"] = partial(peers_jax.on_one_batch, peers_jax.lstm_cost, as_jax(net), x, y)
    return found


def fused(kind: str, D: int, H: int, layers: int = 1):
    import peers_torch
    import torch

    torch.manual_seed(1)
    return peers_torch.FusedClassifier(kind, D, H, layers, CLASSES)


def classifier(unit: str, sizes: tuple[int, int, int, int], layers: int = 1, settings=None, **options):
    """Our units, read-out and training step, as models/sequence_classifier.py puts them together."""
    from bricks import GradientDescent
    from bricks.training.step_rules import Scale

    units, head, cost = graph(unit, sizes, layers, **options)
    return units, head, GradientDescent(cost, step_rule=Scale(RATE), **(settings or {}))


def graph(unit: str, sizes: tuple[int, int, int, int], layers: int = 1, **options):
    """Units, read-out and cost. First states are zeros for good, as PyTorch's are, so that the numbers are the same."""
    import pytensor.tensor as pt

    from bricks.gated import Stack, build
    from bricks.layers import CategoricalCrossEntropy, Linear

    T, _, D, H = sizes
    x = pt.tensor("features", shape=(T, None, D), dtype="float32")
    y = pt.tensor("targets", shape=(None,), dtype="int32")
    made = [build(unit, D if k == 0 else H, H, learned_initial=False, seed=1, **options) for k in range(layers)]
    units = made[0] if layers == 1 else Stack(made, seed=1)
    head = Linear(H, CLASSES, name="classifier", seed=1)
    return units, head, CategoricalCrossEntropy()(y, head(units(x).final_output))


def on_one_batch(descent, x: np.ndarray, y: np.ndarray):
    """Our contender."""
    values = {"features": x, "targets": y}

    def run(steps: int) -> float:
        for _ in range(steps):
            descent.process_batch(values)
        return descent.read_monitored()["cost"]

    return run


def load_head(head, linear) -> None:
    """The read-out's weights from an `nn.Linear`."""
    head.W.set_value(linear.weight.detach().numpy().T.copy())
    head.b.set_value(linear.bias.detach().numpy().copy())


def as_jax(net) -> dict[str, np.ndarray]:
    """An `nn.LSTM`'s weights, and its read-out's, by the names of `peers_jax.lstm_cost`."""
    w = {name: value.detach().numpy() for name, value in net.state_dict().items()}
    bias = w["rnn.bias_ih_l0"] + w["rnn.bias_hh_l0"]
    found = {"W": w["rnn.weight_ih_l0"].T, "U": w["rnn.weight_hh_l0"].T, "b": bias}
    return {name: value.copy() for name, value in (found | {"V": w["head.weight"].T, "d": w["head.bias"]}).items()}


def random_weights(D: int, H: int) -> dict[str, np.ndarray]:
    """Of an LSTM and its read-out, by the names of `peers_jax.lstm_cost`."""
    rng = np.random.default_rng(1)
    shapes = {"W": (D, 4 * H), "U": (H, 4 * H), "b": (4 * H,), "V": (H, CLASSES), "d": (CLASSES,)}
    return {name: rng.normal(0, 0.05, shape).astype("float32") for name, shape in shapes.items()}


def load_random(unit, head, weights) -> None:
    """Give them to our LSTM."""
    parameters = {path.split("/", 1)[1]: parameter for path, parameter in unit.all_parameters().items()}
    for k, neuron in enumerate(("input_gate", "forget_gate", "candidate", "output_gate")):
        for name, key in (("W_input", "W"), ("W_output", "U"), ("b", "b")):
            parameters[f"{neuron}/{name}"].set_value(np.split(weights[key], 4, axis=-1)[k].copy())
    head.W.set_value(weights["V"])
    head.b.set_value(weights["d"])


def batch(T: int, B: int, D: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(T, B, D)).astype("float32"), rng.integers(0, CLASSES, B).astype("int32")
