"""One hidden layer on MNIST, as written in 2016: Theano's graph, Fuel's streams, a loop of one's own.

    h = tanh(x W + b)    p = softmax(h V + c)

THEANO_FLAGS=floatX=float32 python mnist_mlp.py
"""

import numpy
import theano
import theano.tensor as T
from fuel.datasets import MNIST
from fuel.schemes import SequentialScheme, ShuffledScheme
from fuel.streams import DataStream
from fuel.transformers import Flatten


def glorot(rng, n_in, n_out):
    bound = numpy.sqrt(6.0 / (n_in + n_out))
    return numpy.asarray(rng.uniform(low=-bound, high=bound, size=(n_in, n_out)), dtype=theano.config.floatX)


class HiddenLayer(object):  # noqa: UP004
    def __init__(self, rng, input, n_in, n_out, activation=T.tanh):
        self.W = theano.shared(value=glorot(rng, n_in, n_out), name="W", borrow=True)
        self.b = theano.shared(value=numpy.zeros((n_out,), dtype=theano.config.floatX), name="b", borrow=True)
        self.output = activation(T.dot(input, self.W) + self.b)
        self.params = [self.W, self.b]


class LogisticRegression(object):  # noqa: UP004
    def __init__(self, rng, input, n_in, n_out):
        self.V = theano.shared(value=glorot(rng, n_in, n_out), name="V", borrow=True)
        self.c = theano.shared(value=numpy.zeros((n_out,), dtype=theano.config.floatX), name="c", borrow=True)
        self.p_y_given_x = T.nnet.softmax(T.dot(input, self.V) + self.c)
        self.y_pred = T.argmax(self.p_y_given_x, axis=1)
        self.params = [self.V, self.c]

    def negative_log_likelihood(self, y):
        return -T.mean(T.log(self.p_y_given_x)[T.arange(y.shape[0]), y])

    def errors(self, y):
        return T.mean(T.neq(self.y_pred, y))


def momentum_updates(cost, params, learning_rate, momentum):
    updates = []
    for param, grad in zip(params, T.grad(cost, params), strict=True):
        velocity = theano.shared(param.get_value() * 0.0)
        step = momentum * velocity - learning_rate * grad
        updates.append((velocity, step))
        updates.append((param, param + step))
    return updates


def streams(n_train, n_valid, n_test, batch_size):
    train = MNIST(("train",), subset=slice(0, n_train))
    valid = MNIST(("train",), subset=slice(60000 - n_valid, 60000))
    test = MNIST(("test",), subset=slice(0, n_test))
    schemes = [ShuffledScheme(train.num_examples, batch_size)]
    schemes += [SequentialScheme(dataset.num_examples, 500) for dataset in (valid, test)]
    return [
        Flatten(DataStream.default_stream(dataset, iteration_scheme=scheme), which_sources=("features",))
        for dataset, scheme in zip((train, valid, test), schemes, strict=True)
    ]


def main(n_train=50000, n_valid=10000, n_test=10000, n_hidden=500, max_epochs=60, patience=20, seed=1):
    rng = numpy.random.RandomState(seed)
    x, y = T.matrix("x"), T.lmatrix("y")
    labels = y.flatten()
    hidden = HiddenLayer(rng, x, 784, n_hidden)
    classifier = LogisticRegression(rng, hidden.output, n_hidden, 10)
    params = hidden.params + classifier.params
    l2 = (hidden.W**2).sum() + (classifier.V**2).sum()
    cost = classifier.negative_log_likelihood(labels) + 0.0001 * l2
    learning_rate = theano.shared(numpy.asarray(0.07, dtype=theano.config.floatX))
    train_model = theano.function(
        inputs=[x, y], outputs=cost, updates=momentum_updates(cost, params, learning_rate, 0.95)
    )
    errors = theano.function(inputs=[x, y], outputs=classifier.errors(labels))

    train_stream, valid_stream, test_stream = streams(n_train, n_valid, n_test, 100)
    best_error, best_epoch, best_params = numpy.inf, 0, None
    for epoch in range(1, max_epochs + 1):
        costs = [train_model(features, targets) for features, targets in train_stream.get_epoch_iterator()]
        valid_error = numpy.mean([errors(*batch) for batch in valid_stream.get_epoch_iterator()])
        print("epoch %i, cost %f, validation error %.2f %%" % (epoch, numpy.mean(costs), 100 * valid_error))  # noqa: UP031
        if valid_error < best_error:
            best_error, best_epoch = valid_error, epoch
            best_params = [param.get_value() for param in params]
        if epoch - best_epoch >= patience:
            break
        learning_rate.set_value(numpy.float32(learning_rate.get_value() * 0.95).astype(theano.config.floatX))
    for param, value in zip(params, best_params, strict=True):
        param.set_value(value)
    test_error = numpy.mean([errors(*batch) for batch in test_stream.get_epoch_iterator()])
    print("best epoch %i, test error %.2f %%" % (best_epoch, 100 * test_error))  # noqa: UP031
    return float(best_error), float(test_error)


if __name__ == "__main__":
    main()
