"""What a gated unit gives back: every neuron's activation over time."""

from bricks.errors import nearest


class Trace(dict):
    """From names to symbolic variables: `output`, `cell` and each neuron (time, batch, dim); `final_output`,
    `final_cell` and the other last states (batch, dim), such as `final_previous(input_gate)`. Attributes are the same:
    `trace.forget_gate`.

    One that nobody uses costs nothing. For a cost that depends on the end alone, `final_output` is cheaper than
    `output[-1]`.
    """

    def __getattr__(self, name: str):
        if name in self:
            return self[name]
        raise AttributeError(f"the trace has no {name!r}; {nearest(name, self)}")
