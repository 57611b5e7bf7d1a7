"""The cells that nobody fused, as PyTorch's users write them: a loop over time of a few operations.

Each does what a careful user would do: the product with the input for all steps at once, before the loop, and one
product with the output a step for all gates together. Weights are taken from our unit, by the names of its parameters.
"""

from collections.abc import Mapping

import numpy as np
import torch
from peers_torch import tensor
from torch import nn
from torch.nn import functional as F


class Cell(nn.Module):
    """A loop over `step`, and a linear read-out of the last output. `neurons` are side by side in the matrices."""

    neurons = ("input_gate", "forget_gate", "candidate", "output_gate")
    recurrent: tuple[str, ...] | None = None  # those that see the output through the one product, if not all

    def __init__(self, weights: Mapping[str, np.ndarray]):
        super().__init__()
        self.dim = len(weights["candidate/W_output"])
        self.input = nn.Parameter(self.stacked(weights, "W_input", self.neurons))
        self.output = nn.Parameter(self.stacked(weights, "W_output", self.recurrent or self.neurons))
        self.bias = nn.Parameter(self.stacked(weights, "b", self.neurons))
        self.head = nn.Parameter(tensor(weights["head/W"]).clone())
        self.head_bias = nn.Parameter(tensor(weights["head/b"]).clone())
        self.more(weights)

    def more(self, weights) -> None:
        """Further parameters."""

    @staticmethod
    def stacked(weights, name: str, neurons) -> torch.Tensor:
        return torch.cat([tensor(weights[f"{neuron}/{name}"]) for neuron in neurons], -1)

    def own(self, weights, *names: str) -> nn.ParameterList:
        return nn.ParameterList([nn.Parameter(tensor(weights[name]).clone()) for name in names])

    def before(self, x):
        return x @ self.input + self.bias

    def forward(self, x):
        h = c = x.new_zeros(x.shape[1], self.dim)
        for row in self.before(x).unbind(0):
            h, c = self.step(row, h, c)
        return h @ self.head + self.head_bias

    def sums(self, row, h):
        return torch.addmm(row, h, self.output).chunk(len(self.neurons), 1)


class Peephole(Cell):
    def more(self, weights):
        self.peepholes = self.own(weights, "input_gate/w_cell", "forget_gate/w_cell", "output_gate/w_new_cell")

    def step(self, row, h, c):
        to_i, to_f, to_o = self.peepholes
        i, f, z, o = self.sums(row, h)
        c = (f + to_f * c).sigmoid() * c + (i + to_i * c).sigmoid() * z.tanh()
        return (o + to_o * c).sigmoid() * c.tanh(), c


class Coupled(Cell):
    neurons = ("input_gate", "candidate", "output_gate")

    def step(self, row, h, c):
        i, z, o = self.sums(row, h)
        c = torch.lerp(c, z.tanh(), i.sigmoid())
        return o.sigmoid() * c.tanh(), c


class SubLSTM(Cell):
    def step(self, row, h, c):
        i, f, z, o = self.sums(row, h).sigmoid().chunk(4, 1)
        c = f * c + z - i
        return c.sigmoid() - o, c

    def sums(self, row, h):
        return torch.addmm(row, h, self.output)


class Janet(Cell):
    neurons = ("forget_gate", "candidate")

    def step(self, row, h, c):
        f, z = self.sums(row, h)
        h = f.sigmoid() * h + (1 - (f - 1).sigmoid()) * z.tanh()
        return h, c


class GRUAtSource(Cell):
    neurons = ("reset_gate", "forget_gate", "candidate")
    recurrent = ("reset_gate", "forget_gate")

    def more(self, weights):
        (self.to_candidate,) = self.own(weights, "candidate/W_output")

    def step(self, row, h, c):
        gates, z = row.split((2 * self.dim, self.dim), 1)
        r, f = torch.addmm(gates, h, self.output).sigmoid().chunk(2, 1)
        return torch.lerp(torch.addmm(z, r * h, self.to_candidate).tanh(), h, f), c


class LayerNormalised(Cell):
    def more(self, weights):
        self.gain = nn.Parameter(torch.stack([tensor(weights[f"{neuron}/gain"]) for neuron in self.neurons]))
        self.bias = nn.Parameter(self.bias.detach().reshape(4, -1))

    def before(self, x):
        return x @ self.input

    def step(self, row, h, c):
        sums = torch.addmm(row, h, self.output).view(len(h), 4, self.dim)
        i, f, z, o = (F.layer_norm(sums, (self.dim,)) * self.gain + self.bias).unbind(1)
        c = f.sigmoid() * c + i.sigmoid() * z.tanh()
        return o.sigmoid() * c.tanh(), c


class DeepGates(Cell):
    neurons = ("input_gate", "forget_gate", "output_gate", "candidate")

    def more(self, weights):
        self.above = self.own(weights, *(f"{gate}/W_1" for gate in self.neurons[:3]))
        self.biases = self.own(weights, *(f"{gate}/b_1" for gate in self.neurons[:3]))

    def step(self, row, h, c):
        sums = torch.addmm(row, h, self.output)
        hidden, z = sums.split((sums.shape[1] - self.dim, self.dim), 1)
        layers = zip(hidden.tanh().chunk(3, 1), self.above, self.biases, strict=True)
        i, f, o = (torch.addmm(b, a, W).sigmoid() for a, W, b in layers)
        c = f * c + i * z.tanh()
        return o * c.tanh(), c


CELLS = {
    "lstm_peephole": Peephole,
    "lstm_coupled": Coupled,
    "sub_lstm": SubLSTM,
    "janet": Janet,
    "gru": GRUAtSource,
    "layer_normalised": LayerNormalised,
    "deep_gates": DeepGates,
}
