"""Training steps as PyTorch's users write them: eager, or with the cost compiled by `torch.compile`; plain SGD.

Numbers too small to be normal are flushed to zero, as XLA does: without that, gradients that vanish over hundreds of
steps make `nn.LSTM` several times slower. The setting holds for threads that begin later, so it comes first.
"""

import numpy as np
import torch
from machine import cores
from torch import nn
from torch.nn import functional as F

RATE = 0.1
torch.set_flush_denormal(True)
torch.set_num_threads(cores())


class FusedClassifier(nn.Module):
    """`nn.LSTM` or `nn.GRU`, and a linear read-out of the last output."""

    def __init__(self, kind: str, input_dim: int, dim: int, layers: int = 1, classes: int = 10):
        super().__init__()
        self.rnn = getattr(nn, kind)(input_dim, dim, layers)
        self.head = nn.Linear(dim, classes)

    def forward(self, x):
        return self.head(self.rnn(x)[0][-1])


def mlp(weights: dict[str, np.ndarray]) -> nn.Module:
    """One hidden layer of tanh units, with these weights: W_0, b_0, W_1, b_1, a column for each unit."""
    (inputs, hidden), outputs = weights["W_0"].shape, weights["W_1"].shape[1]
    net = nn.Sequential(nn.Linear(inputs, hidden), nn.Tanh(), nn.Linear(hidden, outputs))
    with torch.no_grad():
        for k, layer in ((0, net[0]), (1, net[2])):
            layer.weight.copy_(tensor(weights[f"W_{k}"].T))
            layer.bias.copy_(tensor(weights[f"b_{k}"]))
    return net


def trainer(net: nn.Module, compiled: bool = False):
    """A function of a batch that does one step and gives the loss, still a tensor."""
    optimizer = torch.optim.SGD(net.parameters(), lr=RATE, foreach=True)

    def cost(x, y):
        return F.cross_entropy(net(x), y)

    if compiled:
        cost = torch.compile(cost)

    def train(x, y):
        optimizer.zero_grad()
        loss = cost(x, y)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return train


def on_one_batch(net: nn.Module, x: np.ndarray, y: np.ndarray, compiled: bool = False):
    """A contender that sees the same batch again and again."""
    train, x, y = trainer(net, compiled), tensor(x), tensor(y).long()

    def run(steps: int) -> float:
        for _ in range(steps):
            loss = train(x, y)
        return loss.item()

    return run


def on_shuffled(net: nn.Module, features, targets, orders, batch: int, read_every: int, compiled: bool = False):
    """A contender that draws its batches by a shuffled index from tensors in memory."""
    train, features, targets = trainer(net, compiled), tensor(features), tensor(targets).long()
    batches = _indices(orders, batch)

    def run(steps: int) -> float:
        for step in range(steps):
            index = next(batches)
            loss = train(features[index], targets[index])
            if (step + 1) % read_every == 0:
                loss.item()
        return loss.item()

    return run


def _indices(orders, batch: int):
    for order in orders:
        yield from tensor(order).split(batch)


def tensor(array: np.ndarray) -> torch.Tensor:
    """Of the same memory, where it is contiguous."""
    return torch.from_numpy(np.ascontiguousarray(array))
