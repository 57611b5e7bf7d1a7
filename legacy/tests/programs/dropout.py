"""Dropout by `MRG_RandomStreams`: another mask for each update, none where the net is tested."""

from collections import OrderedDict

import numpy as np
import theano
import theano.tensor as T
from theano.sandbox.rng_mrg import MRG_RandomStreams as RandomStreams

srng = RandomStreams(seed=42)


def dropout(X, p=0.0):
    if p > 0:
        retain_prob = 1 - p
        X *= srng.binomial(X.shape, p=retain_prob, dtype=theano.config.floatX)
        X /= retain_prob
    return X


def rectify(X):
    return T.maximum(X, 0.0)


def model(X, w_h, w_o, p_drop):
    h = dropout(rectify(T.dot(X, w_h)), p_drop)
    return h, T.nnet.softmax(T.dot(h, w_o))


def RMSprop(cost, params, lr=0.001, rho=0.9, epsilon=1e-6):  # noqa: N802
    grads = T.grad(cost=cost, wrt=params)
    updates = OrderedDict()
    for p, g in zip(params, grads, strict=True):
        acc = theano.shared(p.get_value() * 0.0)
        acc_new = rho * acc + (1 - rho) * g**2
        updates[acc] = acc_new
        updates[p] = p - lr * g / T.sqrt(acc_new + epsilon)
    return updates


def main(n_updates=60):
    rng = np.random.RandomState(0)
    floatX = theano.config.floatX
    data = rng.normal(size=(200, 10)).astype(floatX)
    labels = (data[:, 0] * data[:, 1] > 0).astype("int32")
    w_h = theano.shared(rng.normal(0, 0.5, (10, 100)).astype(floatX))
    w_o = theano.shared(rng.normal(0, 0.1, (100, 2)).astype(floatX))
    X, Y = T.matrix(), T.ivector()
    noisy_h, noisy_py = model(X, w_h, w_o, 0.5)
    _, py = model(X, w_h, w_o, 0.0)
    cost = T.mean(T.nnet.categorical_crossentropy(noisy_py, Y))
    train = theano.function(
        inputs=[X, Y],
        outputs=[cost, noisy_h],
        updates=RMSprop(cost, [w_h, w_o], lr=0.01),
        allow_input_downcast=True,
    )
    predict = theano.function(inputs=[X], outputs=T.argmax(py, axis=1), allow_input_downcast=True)
    dropped = []
    for _ in range(n_updates):
        _, h = train(data, labels)
        dropped.append(h == 0)
    return np.mean(predict(data) == labels), dropped


if __name__ == "__main__":
    print(main()[0])
