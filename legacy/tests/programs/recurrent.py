"""Backpropagation through time: a recurrent net that learns to remember its first input, `updates` as a dict."""

import numpy as np
import theano
import theano.tensor as T


def main(n_steps=8, n_hidden=16, n_updates=150, seed=0):
    rng = np.random.RandomState(seed)
    floatX = theano.config.floatX

    def weights(n_in, n_out):
        return theano.shared(rng.normal(0, 0.3, (n_in, n_out)).astype(floatX))

    W_in, W, W_out = weights(1, n_hidden), weights(n_hidden, n_hidden), weights(n_hidden, 1)
    h0, b = theano.shared(np.zeros(n_hidden, dtype=floatX)), theano.shared(np.zeros(n_hidden, dtype=floatX))
    params = [W_in, W, W_out, h0, b]

    x, t, lr = T.tensor3("x"), T.matrix("t"), T.scalar("lr")

    def step(x_t, h_tm1, W_in, W):
        return T.tanh(T.dot(x_t, W_in) + T.dot(h_tm1, W) + b)

    h, _ = theano.scan(
        step,
        sequences=x,
        outputs_info=[T.alloc(h0, x.shape[1], n_hidden)],
        non_sequences=[W_in, W],
        truncate_gradient=-1,
    )
    cost = ((T.dot(h[-1], W_out) - t) ** 2).mean()
    gradients = T.grad(cost, params)
    norm = T.sqrt(sum((g**2).sum() for g in gradients))
    updates = {}
    for p, g in zip(params, gradients, strict=True):
        updates[p] = p - lr * T.switch(norm > 1.0, g / norm, g)
    train = theano.function([x, t, theano.In(lr, value=np.asarray(0.3, dtype=floatX))], cost, updates=updates)
    costs = []
    for _ in range(n_updates):
        inputs = rng.uniform(-1, 1, (n_steps, 20, 1)).astype(floatX)
        costs.append(train(inputs, inputs[0]))
    return float(np.mean(costs[:10])), float(np.mean(costs[-10:]))


if __name__ == "__main__":
    print("cost %.3f, after training %.3f" % main())  # noqa: UP031
