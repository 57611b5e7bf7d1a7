"""`theano.scan`: the pair it returned, its arguments, and random draws that are others at each step."""

import warnings

import numpy as np
import theano
import theano.tensor as T
from theano.sandbox.rng_mrg import MRG_RandomStreams
from theano.tensor.shared_randomstreams import RandomStreams


def test_scan_returns_outputs_and_updates_without_a_warning():
    x = T.dvector("x")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outputs, updates = theano.scan(lambda x_t, s: s + x_t, sequences=x, outputs_info=T.zeros(()))
        both, _ = theano.scan(lambda x_t: [x_t, 2 * x_t], x)
        listed, _ = theano.scan(lambda x_t: x_t, x, return_list=True)
    assert outputs.ndim == 1 and updates == {} and isinstance(updates, theano.OrderedUpdates)
    assert len(both) == 2 and isinstance(listed, list)


def test_all_its_arguments():
    x, n = T.dvector("x"), T.iscalar("n")

    def fibonacci(x_t, before, after, old, older, scale):
        return scale * (old + older) + x_t + 0 * before + 0 * after

    found, _ = theano.scan(
        fn=fibonacci,
        sequences=(dict(input=v, taps=[0, -1, 1]) for v in [x]),  # whatever can be listed
        outputs_info=[dict(initial=T.constant([1.0, 1.0]), taps=[-1, -2])],
        non_sequences=[np.float64(1.0)],
        n_steps=n,
        truncate_gradient=-1,
        go_backwards=False,
        mode=None,
        name="fibonacci",
        profile=False,
        allow_gc=None,
        strict=True,
    )
    backwards, _ = theano.scan(lambda a, s: 2 * s + a, {"x": x}.values(), np.float64(0), go_backwards=True)
    f = theano.function([x, n], [found, backwards[-1]])
    numbers, last = f(np.arange(6.0), 3)
    assert numbers.tolist() == [3, 6, 12]  # 1 + 1 + 1, 3 + 1 + 2, 6 + 3 + 3
    assert last == ((((5 * 2 + 4) * 2 + 3) * 2 + 2) * 2 + 1) * 2


def test_gradients_can_be_truncated():
    w = theano.shared(0.5)
    x = T.dvector("x")
    costs = [theano.scan(lambda a, h, w: w * h + a, x, T.zeros(()), w, truncate_gradient=k)[0][-1] for k in (-1, 1, 2)]
    f = theano.function([x], [T.grad(c, w) for c in costs])
    # h3 = w^2 x1 + w x2 + x3; cut after one step the gradient is h2, after two w h1 more.
    assert [float(g) for g in f([1, 2, 4])] == [3, 2.5, 3]


def test_updates_of_a_step_come_back():
    total = theano.shared(np.float64(1.0))
    x = T.dvector("x")
    outputs, updates = theano.scan(lambda a: (a * total, {total: total + a}), x)
    f = theano.function([x], outputs, updates=updates)
    assert f([1, 2, 3]).tolist() == [1, 4, 12] and total.get_value() == 7
    outputs, updates = theano.scan(lambda a: [(total, total + a)], x)
    theano.function([x], [], updates=updates)([1, 1])
    assert outputs is None and total.get_value() == 9


def test_each_step_draws_anew_and_each_call_too():
    for kind in (RandomStreams, MRG_RandomStreams):
        streams = kind(1)
        walk, updates = theano.scan(lambda s, rng=streams: s + rng.normal(()), outputs_info=T.zeros(()), n_steps=5)
        for given in (updates, None):
            f = theano.function([], walk, updates=given)
            steps = [*np.diff(f(), prepend=0), *np.diff(f(), prepend=0)]
            assert len(set(np.round(steps, 9))) == 10


def test_a_draw_made_outside_is_drawn_at_each_step_unless_it_is_a_non_sequence():
    mask = MRG_RandomStreams(1).normal((2,))
    implicit, updates = theano.scan(lambda s: s + mask, outputs_info=T.zeros(2), n_steps=3)
    explicit, others = theano.scan(lambda s, m: s + m, outputs_info=T.zeros(2), non_sequences=mask, n_steps=3)
    each, one = theano.function([], [implicit, explicit], updates=updates + others)()
    assert len(set(np.diff(each[:, 0], prepend=0).round(9))) == 3
    np.testing.assert_allclose(np.diff(one, axis=0), [one[0]] * 2)


def test_maps_and_folds():
    x = T.dvector("x")
    results = [
        theano.map(lambda a: a**2, x)[0],
        theano.reduce(lambda a, s: 2 * s + a, x, T.zeros(()))[0],
        theano.foldl(lambda a, s: 2 * s + a, x, T.zeros(()))[0],
        theano.foldr(lambda a, s: 2 * s + a, x, T.zeros(()))[0],
    ]
    found = theano.function([x], results)([1, 2, 3])
    assert [r.tolist() for r in found] == [[1, 4, 9], 11, 11, 17]


def test_graphs_are_cloned_with_replacements():
    x, y = T.dscalars("x", "y")
    z = 3 * x
    assert float(theano.clone(z, replace={x: y**2}).eval({y: 2.0})) == 12
    assert float(theano.clone([z], [(x, y)])[0].eval({y: 2.0})) == 6
    [new] = theano.scan_module.map_variables(lambda v: y if v is x else v, [z])
    assert float(new.eval({y: 1.0})) == 3
