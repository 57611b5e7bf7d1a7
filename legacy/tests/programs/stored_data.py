"""Stored data, of which an index takes minibatches through `givens`; `ifelse`; `disconnected_grad`."""

import numpy
import theano
import theano.tensor as T
from theano.gradient import disconnected_grad
from theano.ifelse import ifelse


def shared_dataset(data_x, data_y):
    shared_x = theano.shared(numpy.asarray(data_x, dtype=theano.config.floatX), borrow=True)
    shared_y = theano.shared(numpy.asarray(data_y, dtype=theano.config.floatX), borrow=True)
    return shared_x, T.cast(shared_y, "int32")


def regression(batch_size=30, n_epochs=40, seed=0):
    """Softmax regression as in the deep learning tutorials; the last batch is shorter."""
    rng = numpy.random.RandomState(seed)
    data = rng.normal(size=(200, 5))
    truth = rng.normal(size=(5, 3))
    train_x, train_y = shared_dataset(data, numpy.argmax(numpy.dot(data, truth), axis=1))
    index, x, y = T.lscalar(), T.matrix("x"), T.ivector("y")
    W = theano.shared(value=numpy.zeros((5, 3), dtype=theano.config.floatX), name="W", borrow=True)
    p = T.nnet.softmax(T.dot(x, W))
    cost = -T.mean(T.log(p)[T.arange(y.shape[0]), y])
    batch = {
        x: train_x[index * batch_size : (index + 1) * batch_size],
        y: train_y[index * batch_size : (index + 1) * batch_size],
    }
    train_model = theano.function([index], cost, updates=[(W, W - 0.5 * T.grad(cost, W))], givens=batch)
    errors = theano.function([index], T.sum(T.neq(T.argmax(p, axis=1), y)), givens=batch)
    n_batches = int(numpy.ceil(train_x.get_value(borrow=True).shape[0] / float(batch_size)))
    for _ in range(n_epochs):
        for i in range(n_batches):
            train_model(i)
    return sum(int(errors(i)) for i in range(n_batches)) / 200.0


def warm_up(n_updates=6):
    """A learning rate that is another after the first steps: `ifelse` computes the one that is needed."""
    step, w = theano.shared(0), theano.shared(numpy.asarray(1.0, dtype=theano.config.floatX))
    small, large = (T.constant(numpy.asarray(value, dtype=theano.config.floatX)) for value in (0.1, 0.5))
    rate = ifelse(T.lt(step, 3), small, large)
    f = theano.function([], rate, updates=[(step, step + 1), (w, w - rate * T.grad(w**2, w))])
    return [round(float(f()), 3) for _ in range(n_updates)], float(w.get_value())


def target_network(value=3.0):
    """The gradient of a temporal difference, in which the target is a constant."""
    w = theano.shared(numpy.asarray(value, dtype=theano.config.floatX))
    now, then = 2 * w, 1.0 + 0.9 * w * 2
    held = ((now - disconnected_grad(then)) ** 2) / 2
    free = ((now - then) ** 2) / 2
    return [float(theano.function([], T.grad(cost, w))()) for cost in (held, free)]


if __name__ == "__main__":
    print(regression(), warm_up(), target_network())
