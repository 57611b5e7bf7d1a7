"""The equations of gated units as plain NumPy loops, written from the notes and not from the code.

One function a family: `step(p, now, was, hold)` gives everything of one step by name. `p` has the parameters by
their paths, `now` the rows of the sequences, `was` the states; `hold(name, value)` is the value, or what the
neuron is held at.
"""

import numpy as np


def sigma(a):
    return 1 / (1 + np.exp(-a))


def identity(a):
    return a


def relu(a):
    return np.where(a > 0, a, 0)


def softplus(a):
    return np.log1p(np.exp(a))


class Parameters(dict):
    """Values by paths relative to the unit; `read` are those that the equations used."""

    def __init__(self, values):
        super().__init__(values)
        self.read = set()

    def __getitem__(self, path):
        self.read.add(path)
        return super().__getitem__(path)


def xh(p, name, x, h):
    """W x + U h + b: what a neuron sees unless said."""
    return x @ p[f"{name}/W_input"] + h @ p[f"{name}/W_output"] + p[f"{name}/b"]


def lstm(p, now, was, hold, peepholes=False, phi=np.tanh, psi=np.tanh, without="", coupled=False, previous=False):
    x, h, c = now["input"], was["output"], was["cell"]

    def seen(name):
        a = xh(p, name, x, h)
        if previous:
            for other in ("input_gate", "forget_gate", "output_gate"):
                a = a + was[f"previous({other})"] @ p[f"{name}/W_previous_{other}"]
        return a

    z = hold("candidate", phi(xh(p, "candidate", x, h)))
    gates = {}
    if without != "input_gate":
        i = sigma(seen("input_gate") + (p["input_gate/w_cell"] * c if peepholes else 0))
        gates["input_gate"] = hold("input_gate", i)
    if coupled:
        gates["forget_gate"] = hold("forget_gate", 1 - i)
    elif without != "forget_gate":
        f = sigma(seen("forget_gate") + (p["forget_gate/w_cell"] * c if peepholes else 0))
        gates["forget_gate"] = hold("forget_gate", f)
    new_c = gates.get("forget_gate", 1) * c + gates.get("input_gate", 1) * z
    if without != "output_gate":
        o = sigma(seen("output_gate") + (p["output_gate/w_new_cell"] * new_c if peepholes else 0))
        gates["output_gate"] = hold("output_gate", o)
    new_h = gates.get("output_gate", 1) * psi(new_c)
    kept = {f"previous({name})": value for name, value in gates.items()} if previous else {}
    return {"output": new_h, "cell": new_c, "candidate": z, **gates, **kept}


def lstm_sensory(p, now, was, hold, peepholes=False):
    s, h, c = hold("sensory", np.tanh(now["input"] @ p["sensory/W_input"])), was["output"], was["cell"]

    def seen(name):
        return s @ p[f"{name}/W_sensory"] + h @ p[f"{name}/W_output"] + p[f"{name}/b"]

    z = hold("candidate", np.tanh(seen("candidate")))
    i = hold("input_gate", sigma(seen("input_gate") + (p["input_gate/w_cell"] * c if peepholes else 0)))
    f = hold("forget_gate", sigma(seen("forget_gate") + (p["forget_gate/w_cell"] * c if peepholes else 0)))
    new_c = f * c + i * z
    o = hold("output_gate", sigma(seen("output_gate") + (p["output_gate/w_new_cell"] * new_c if peepholes else 0)))
    gates = {"input_gate": i, "forget_gate": f, "output_gate": o}
    return {"output": o * np.tanh(new_c), "cell": new_c, "sensory": s, "candidate": z, **gates}


def deep_gates(p, now, was, hold, layers=1):
    x, h, c = now["input"], was["output"], was["cell"]

    def gate(name):
        a = xh(p, name, x, h)
        for k in range(1, layers + 1):
            a = np.tanh(a) @ p[f"{name}/W_{k}"] + p[f"{name}/b_{k}"]
        return hold(name, sigma(a))

    z = hold("candidate", np.tanh(xh(p, "candidate", x, h)))
    i, f, o = (gate(name) for name in ("input_gate", "forget_gate", "output_gate"))
    new_c = f * c + i * z
    gates = {"input_gate": i, "forget_gate": f, "output_gate": o}
    return {"output": o * np.tanh(new_c), "cell": new_c, "candidate": z, **gates}


def gru(p, now, was, hold, at="source"):
    x, h = now["input"], was["output"]
    r = hold("reset_gate", sigma(xh(p, "reset_gate", x, h)))
    f = sigma(xh(p, "forget_gate", x, h))
    i, f = hold("input_gate", 1 - f), hold("forget_gate", f)
    U, W, b = p["candidate/W_output"], p["candidate/W_input"], p["candidate/b"]
    past = (r * h) @ U if at == "source" else r * (h @ U + p["candidate/b_output"])
    z = hold("candidate", np.tanh(x @ W + b + past))
    new_h = f * h + i * z
    gates = {"forget_gate": f, "input_gate": i, "reset_gate": r}
    return {"output": new_h, "cell": new_h, "candidate": z, **gates}


def mgu(p, now, was, hold):
    x, h = now["input"], was["output"]
    own = sigma(xh(p, "input_gate", x, h))
    i, f = hold("input_gate", own), hold("forget_gate", 1 - own)
    r = hold("reset_gate", i)
    z = hold("candidate", np.tanh(x @ p["candidate/W_input"] + (r * h) @ p["candidate/W_output"] + p["candidate/b"]))
    new_h = f * h + i * z
    return {"output": new_h, "cell": new_h, "candidate": z, "input_gate": i, "forget_gate": f, "reset_gate": r}


def janet(p, now, was, hold, shift=1.0):
    x, h = now["input"], was["output"]
    a = xh(p, "forget_gate", x, h)
    f, i = hold("forget_gate", sigma(a)), hold("input_gate", 1 - sigma(a - shift))
    z = hold("candidate", np.tanh(xh(p, "candidate", x, h)))
    new_h = f * h + i * z
    return {"output": new_h, "cell": new_h, "candidate": z, "forget_gate": f, "input_gate": i}


def sub_lstm(p, now, was, hold, fixed=False):
    x, h, c = now["input"], was["output"], was["cell"]
    z, i, o = (hold(n, sigma(xh(p, n, x, h))) for n in ("candidate", "input_gate", "output_gate"))
    f = np.clip(p["forget_gate/value"], 0, 1) + 0 * c if fixed else sigma(xh(p, "forget_gate", x, h))
    f = hold("forget_gate", f)
    new_c = f * c + z - i
    gates = {"input_gate": i, "forget_gate": f, "output_gate": o}
    return {"output": sigma(new_c) - o, "cell": new_c, "candidate": z, **gates}


def leaky(p, now, was, hold, tau=10.0, dt=1.0, method="exact", learned=False):
    x, h, c = now["input"], was["output"], was["cell"]
    if learned:
        tau = np.exp(p["forget_gate/log_tau"]) if method == "exact" else dt + softplus(p["forget_gate/p"])
    tau = np.asarray(tau)
    f = (np.exp(-dt / tau) if method == "exact" else 1 - dt / tau) + 0 * c
    i, f = hold("input_gate", 1 - f), hold("forget_gate", f)
    z = hold("candidate", xh(p, "candidate", x, h))
    new_c = f * c + i * z
    return {"output": np.tanh(new_c), "cell": new_c, "candidate": z, "forget_gate": f, "input_gate": i}


def modulated_membrane(p, now, was, hold, sees=("modulator",)):
    x, h, c = now["input"], was["output"], was["cell"]
    seen = {"modulator": now["modulator"], "input": x, "output": h}
    f = sigma(sum(seen[name] @ p[f"forget_gate/W_{name}"] for name in sees) + p["forget_gate/b"])
    i, f = hold("input_gate", 1 - f), hold("forget_gate", f)
    z = hold("candidate", xh(p, "candidate", x, h))
    new_c = f * c + i * z
    return {"output": np.tanh(new_c), "cell": new_c, "candidate": z, "forget_gate": f, "input_gate": i}


def simple(p, now, was, hold, phi=np.tanh):
    z = hold("candidate", phi(xh(p, "candidate", now["input"], was["output"])))
    return {"output": z, "cell": z, "candidate": z}


def independent(p, now, was, hold):
    a = now["input"] @ p["candidate/W_input"] + was["output"] * p["candidate/w_output"] + p["candidate/b"]
    z = hold("candidate", relu(a))
    return {"output": z, "cell": z, "candidate": z}


def lgn(p, now, was, hold, feedback=True):
    x, h, c = now["input"], was["output"], was["cell"]
    back, name = (now["feedback"], "feedback") if feedback else (h, "output")

    def seen(neuron):
        return x @ p[f"{neuron}/W_input"] + back @ p[f"{neuron}/W_{name}"] + p[f"{neuron}/b"]

    z = hold("candidate", np.tanh(xh(p, "candidate", x, h)))
    i = hold("input_gate", sigma(seen("input_gate")))
    a = seen("forget_gate") + i @ p["forget_gate/W_input_gate"] + p["forget_gate/w_cell"] * c
    f = hold("forget_gate", sigma(a + now["hippocampus"] @ p["forget_gate/W_hippocampus"]))
    o = hold("output_gate", sigma(seen("output_gate")))
    new_c = f * c + i * z
    gates = {"input_gate": i, "forget_gate": f, "output_gate": o}
    return {"output": o * np.tanh(new_c), "cell": new_c, "candidate": z, **gates}


def loop(step, p, sequences, states, *, mask=None, initial=None, reverse=False, clamp=None, zoneout=None):
    """Everything that `step` gives, over time, and the last states as `final_...`.

    `states`: names of what is carried over. `zoneout`: from states to d, a number or (time, batch, dim), for
    s' = d s + (1 - d) s~. Neurons at a masked step are what they are; states stay.
    """
    time, batch = sequences["input"].shape[:2]
    initial, clamp, zoneout = initial or {}, clamp or {}, zoneout or {}
    starts = {s: initial[s] if s in initial else p[f"initial/{s}"] if s in ("output", "cell") else 0 for s in states}
    dim = next(np.shape(v)[-1] for v in starts.values() if np.ndim(v))
    was = {s: np.broadcast_to(np.asarray(v, float), (batch, dim)) for s, v in starts.items()}
    trace = {}
    for t in range(time)[:: -1 if reverse else 1]:

        def hold(name, value, t=t):
            held = clamp.get(name, value)
            return np.broadcast_to(held[t] if np.ndim(held) == 3 else held, np.shape(value))

        got = step(p, {name: value[t] for name, value in sequences.items()}, was, hold)
        new = {s: got[s] for s in states}
        for s, kept in zoneout.items():
            kept = kept[t] if np.ndim(kept) == 3 else kept
            new[s] = kept * was[s] + (1 - kept) * new[s]
        if mask is not None:
            new = {s: np.where(mask[t][:, None] > 0, new[s], was[s]) for s in states}
        was, got = new, {**got, **new}
        got["cell"] = got["cell"] if "cell" in states else got["output"]
        for name, value in got.items():
            trace.setdefault(name, np.zeros((time, batch, dim)))[t] = value
    trace = {name: value for name, value in trace.items() if not name.startswith("previous")}
    return {**trace, "final_output": was["output"], "final_cell": was.get("cell", was["output"])}
