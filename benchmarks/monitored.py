"""What monitoring costs: ten activation means, five norms of gradients and five of updates, in the step of an LSTM."""

from functools import partial

from recurrent import RATE, batch, graph, on_one_batch

NEURONS = ("input_gate", "forget_gate", "output_gate", "candidate")
PARAMETERS = ["classifier/W", *(f"lstm/{neuron}/W_output" for neuron in NEURONS)]


def contenders(effort, T: int, B: int, D: int, H: int) -> dict:
    x, y = batch(T, B, D)

    def run(monitored: bool):
        from bricks import ComputationGraph, GradientDescent, VariableFilter
        from bricks.layers import Softmax
        from bricks.roles import OUTPUT
        from bricks.training import Scale, observations

        _, _, cost = graph("lstm", (T, B, D, H))
        [logits] = VariableFilter(brick="classifier", role=OUTPUT)(ComputationGraph(cost).variables)
        model = ComputationGraph([cost, Softmax()(logits)])  # as models/sequence_classifier.py has it
        asked = {"gradient_norm": PARAMETERS, "update_norm": PARAMETERS, "mean": ["*"]} if monitored else {}
        activations = observations.activations(model, asked)
        descent = GradientDescent(cost, step_rule=Scale(RATE), monitored=activations)
        norms = observations.steps(descent, asked)
        for name, aggregation in norms.items():
            descent.monitor(name, aggregation)
        if monitored and (len(activations), len(norms)) != (10, 10):
            raise RuntimeError(f"10 activations and 10 norms must be monitored, got {[*activations, *norms]}")
        return on_one_batch(descent, x, y)

    return {"bricks, monitored": partial(run, True), "bricks": partial(run, False)}
