"""Names, paths, adoption, seeds and initialisers: design decision 7."""

import subprocess
import sys

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import bricks
from bricks import Brick, engine
from bricks.errors import ShapeError, UsageError
from bricks.initialization import Constant, Gaussian, Glorot, Uniform
from bricks.layers import MLP, BatchNormalization, Linear, Sequence, Tanh
from bricks.roles import BUFFER, WEIGHT


class Pair(Brick):
    """Two children, one after the other."""

    def __init__(self, first, second, **settings):
        super().__init__(**settings)
        self.children = [first, second]


def values(brick):
    return {path: v.get_value() for path, v in brick.all_parameters().items()}


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[k], b[k]) for k in a)


# Names.


def test_a_default_name_is_the_class_name_in_snake_case():
    class HTTPLikeBrick2D(Brick):
        pass

    assert HTTPLikeBrick2D().name == "http_like_brick2_d"
    assert (Linear(1, 1).name, MLP([None], [1, 1]).name) == ("linear", "mlp")
    assert BatchNormalization(1).name == "batch_normalization"


def test_siblings_of_one_default_name_are_numbered_and_named_ones_keep_theirs():
    sequence = Sequence([Linear(2, 2), Tanh(), Linear(2, 2), Linear(2, 2, name="linear_1"), Tanh(), Linear(2, 2)])
    assert [b.name for b in sequence.children] == [
        "linear",
        "tanh",
        "linear_2",
        "linear_1",
        "tanh_1",
        "linear_3",
    ]


def test_paths_and_variable_names_follow_adoption():
    linear = Linear(2, 2)
    assert (linear.path, linear.W.name) == ("linear", "linear/W")
    top = Pair(Sequence([Tanh(), linear]), Tanh(), name="top")
    assert (linear.path, linear.W.name) == ("top/sequence/linear", "top/sequence/linear/W")
    assert list(top.all_parameters()) == ["top/sequence/linear/W", "top/sequence/linear/b"]
    assert (linear.root, linear.parent, top.parent) == (top, top.children[0], None)


@pytest.mark.parametrize(
    "make, message",
    [
        (
            lambda: Pair(Linear(1, 1, name="a"), Tanh(name="a")),
            "pair: names of .* must be unique, got 'a' twice",
        ),
        (lambda: Linear(1, 1, name="a/b"), "a name must be text without '/'.*got 'a/b'"),
        (lambda: Linear(1, 1, name=""), "a name must be text"),
        (lambda: Linear(1, 1, seed=-1), "linear: seed must be an integer from 0"),
        (lambda: Linear(1, 1, seed=True), "seed must be an integer"),
        (
            lambda: Linear(1, 1, weights_init=0.1),
            r"linear: weights_init must be an initialiser such as Gaussian\(0.1\), got 0.1",
        ),
        (lambda: Pair(Tanh, Tanh()), r"children must be bricks, got .*; write Tanh\(...\)"),
        (lambda: Pair(None, Tanh()), "children must be bricks, got None"),
        (
            lambda: Brick().add_parameter("w", (2, 0), init=Constant(0)),
            "shape of w must be of integers of at least 1",
        ),
        (
            lambda: Brick().add_parameter("w", (2,), role=BUFFER),
            "role of parameter w must be a kind of PARAMETER",
        ),
        (lambda: Brick().add_buffer("w", (2,), role=WEIGHT), "role of buffer w must be a kind of BUFFER"),
        (
            lambda: Brick().add_parameter("w", (2,), role=WEIGHT),
            "brick: w has no initialiser; give the brick weights_init",
        ),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(UsageError, match=message):
        make()


def test_a_brick_has_one_parent_and_is_not_its_own_ancestor():
    child = Tanh()
    parent = Pair(child, Linear(1, 1))
    with pytest.raises(UsageError, match="cannot adopt pair/tanh, which has a parent already"):
        Pair(child, Linear(1, 1), name="other")
    with pytest.raises(UsageError, match="pair/tanh: cannot adopt pair, which it is itself or belongs to"):
        child.add_child(parent)
    with pytest.raises(UsageError, match="cannot adopt pair, which it is itself"):
        parent.add_child(parent)


def test_a_refused_adoption_leaves_the_children_free():
    first, second = Linear(1, 1, name="a"), Tanh(name="a")
    with pytest.raises(UsageError):
        Pair(first, second)
    assert first.parent is None and Sequence([first]).children == (first,)


def test_children_are_set_once_and_added_after():
    parent = Pair(Tanh(), Tanh())
    with pytest.raises(UsageError, match="pair: children can be set only once; add more with add_child"):
        parent.children = [Tanh()]
    assert parent.add_child(Tanh()).path == "pair/tanh_2"


def test_parameters_and_children_share_one_set_of_names():
    brick = Brick()
    brick.add_parameter("w", (1,), init=Constant(0))
    with pytest.raises(UsageError, match="got 'w' twice"):
        brick.add_parameter("w", (1,), init=Constant(0))
    with pytest.raises(UsageError, match="got 'w' twice"):
        brick.add_child(Tanh(name="w"))
    brick.add_child(Tanh(name="t"))
    with pytest.raises(UsageError, match="got 't' twice"):
        brick.add_buffer("t", (1,))


# Values: eager, from (seed, path, name).


def test_parameters_have_values_shapes_and_dtype_when_the_constructor_returns():
    linear = Linear(5, 3)
    assert linear.W.type.shape == (5, 3) and linear.b.type.shape == (3,)
    assert linear.W.type.dtype == linear.W.get_value().dtype == engine.floatX() == "float32"
    assert abs(linear.W.get_value()).min() > 0 and not linear.b.get_value().any()
    with pytensor.config.change_flags(floatX="float64"):
        assert Linear(5, 3).W.get_value().dtype == "float64"


def test_values_depend_on_seed_path_and_parameter_alone_and_not_on_the_order_of_construction():
    straight = Pair(Linear(4, 3, name="a"), Linear(3, 2, name="b"), seed=7)
    second, first = Linear(3, 2, name="b"), Linear(4, 3, name="a")
    Linear(9, 9)
    swapped = Pair(first, second, seed=7)
    assert same(values(straight), values(swapped))
    other = Pair(Linear(4, 3, name="a"), Linear(3, 2, name="b"), seed=8)
    assert not np.array_equal(values(straight)["pair/a/W"], values(other)["pair/a/W"])


def test_parameters_of_one_shape_differ_from_each_other():
    class Two(Brick):
        def __init__(self, **settings):
            super().__init__(**settings)
            for name in ("u", "v"):
                self.add_parameter(name, (3, 3), role=WEIGHT, init=Gaussian())

    drawn = list(values(Pair(Two(), Two(), seed=1)).values())
    assert len({array.tobytes() for array in drawn}) == 4


def test_a_value_is_drawn_from_its_documented_source():
    linear = Linear(4, 3, name="a", seed=7, weights_init=Gaussian(0.5))
    rng = np.random.default_rng(engine.random.seed_from(7, "a/W"))
    np.testing.assert_array_equal(linear.W.get_value(), rng.normal(0, 0.5, (4, 3)).astype("float32"))


def test_adoption_redraws_a_child_under_the_parents_seed_and_path():
    untouched = Pair(Linear(4, 3), Tanh(), seed=7)
    direct = Linear(4, 3, seed=7).W.get_value()
    adopted = values(untouched)["pair/linear/W"]
    assert not np.array_equal(adopted, direct)
    rng = np.random.default_rng(engine.random.seed_from(7, "pair/linear/W"))
    np.testing.assert_array_equal(adopted, Glorot()(rng, (4, 3), "float32"))


def test_adoption_by_a_grandparent_draws_again_the_same_as_building_in_place():
    inner = Pair(Linear(4, 3), Tanh())
    late = Pair(inner, Tanh(), name="top", seed=3)
    at_once = Pair(Pair(Linear(4, 3), Tanh()), Tanh(), name="top", seed=3)
    assert same(values(late), values(at_once))


def test_adoption_keeps_what_somebody_has_set():
    linear = Linear(2, 2)
    linear.W.set_value(np.full((2, 2), 5, "float32"))
    Pair(linear, Tanh(), seed=1, biases_init=Constant(3))
    assert linear.W.get_value().tolist() == [[5, 5], [5, 5]]
    assert linear.b.get_value().tolist() == [3, 3]  # nobody had seen this one


def test_adoption_keeps_what_somebody_has_read():
    linear = Linear(4, 3)
    seen = linear.W.get_value()
    Pair(linear, Tanh(), seed=1)
    np.testing.assert_array_equal(linear.W.get_value(), seen)


def test_adoption_keeps_what_a_compiled_function_has_updated():
    linear = Linear(2, 2)
    train = engine.function([], updates={linear.W: pt.ones_like(linear.W) * 6})
    train()
    Pair(linear, Tanh(), seed=1)
    assert linear.W.get_value().tolist() == [[6, 6], [6, 6]]


def test_an_explicit_setting_of_a_child_wins_over_the_parents():
    free, own = (
        Linear(2, 2, name="free"),
        Linear(2, 2, name="own", weights_init=Constant(2), biases_init=Constant(3)),
    )
    Pair(free, own, seed=1, weights_init=Constant(8), biases_init=Constant(9))
    assert [v.get_value().flat[0] for v in (free.W, free.b, own.W, own.b)] == [8, 9, 2, 3]


def test_an_explicit_seed_of_a_child_wins_and_holds_below_it():
    def tree(seed):
        return Pair(Pair(Linear(4, 3), Tanh(), seed=5), Linear(4, 3, name="free"), name="top", seed=seed)

    one, two = values(tree(1)), values(tree(2))
    assert np.array_equal(one["top/pair/linear/W"], two["top/pair/linear/W"])
    assert not np.array_equal(one["top/free/W"], two["top/free/W"])


def test_the_seed_zero_is_a_seed():
    assert Linear(2, 2, seed=0).seed == 0
    assert same(values(Linear(2, 2, seed=0)), values(Linear(2, 2, seed=0)))


def test_the_nearest_of_several_ancestors_decides():
    linear = Linear(2, 2)
    middle = Pair(linear, Tanh(), weights_init=Constant(4))
    Pair(middle, Tanh(), name="top", weights_init=Constant(5), biases_init=Constant(6))
    assert (linear.W.get_value()[0, 0], linear.b.get_value()[0]) == (4, 6)


def test_initialisers_by_name_reach_parameters_by_name_or_end_of_path():
    mlp = MLP(
        [Tanh(), None],
        [2, 2, 2],
        weights_init=Constant(1),
        initializers={"b": Constant(2), "linear_1/b": Constant(3)},
    )
    found = {path: v.get_value().flat[0] for path, v in mlp.all_parameters().items()}
    assert found == {"mlp/linear_0/W": 1, "mlp/linear_0/b": 2, "mlp/linear_1/W": 1, "mlp/linear_1/b": 3}


def test_an_initialiser_for_no_parameter_is_refused_when_the_brick_is_applied():
    mlp = MLP([None], [2, 2], initializers={"w": Constant(1)})
    with pytest.raises(UsageError, match="mlp: initializers has 'w', which fits no parameter; .*linear_0/W"):
        mlp(pt.fmatrix("x"))


def test_roles_other_than_weight_and_bias_keep_their_own_initialisers():
    normalization = BatchNormalization(2)
    Pair(
        normalization,
        Tanh(),
        weights_init=Constant(7),
        biases_init=Constant(8),
        initializers={"shift": Constant(9)},
    )
    assert normalization.scale.get_value().tolist() == [1, 1]
    assert normalization.shift.get_value().tolist() == [9, 9]
    assert normalization.population_variance.get_value().tolist() == [1, 1]


def test_an_initialiser_that_draws_another_shape_is_refused():
    class Wrong(Uniform):
        def draw(self, rng, shape):
            return np.zeros(3)

    with pytest.raises(ShapeError, match=r"must draw values of shape \(2, 2\), got \(3,\)"):
        Linear(2, 2, weights_init=Wrong(width=1))


def test_parameters_and_buffers_are_listed_apart_and_cannot_be_changed_by_assignment():
    normalization = BatchNormalization(2)
    top = Pair(normalization, Linear(2, 2), name="top")
    assert list(normalization.parameters) == ["scale", "shift"]
    assert list(normalization.buffers) == ["population_mean", "population_variance"]
    assert list(top.all_buffers()) == [
        "top/batch_normalization/population_mean",
        "top/batch_normalization/population_variance",
    ]
    with pytest.raises(TypeError):
        normalization.parameters["scale"] = normalization.shift


# Without a seed.


def test_a_brick_without_seed_logs_the_process_seed_with_which_it_can_be_repeated():
    program = (
        "import logging, sys\n"
        "logging.basicConfig(level=logging.INFO, format='%(message)s', stream=sys.stdout)\n"
        "import pytensor.tensor as pt; from bricks.layers import Linear, Tanh\n"
        "x = pt.matrix('x', dtype='float32'); Tanh()(x); Linear(3, 2, seed=4)(x)\n"
        "print('nothing yet'); a = Linear(3, 2); a(x); a(x)\n"
        "seed = a.seed; b = Linear(3, 2, seed=seed)\n"
        "print((a.W.get_value() == b.W.get_value()).all(), seed)\n"
    )
    lines = []
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        lines.append([line for line in done.stdout.splitlines() if line.startswith(("bricks", "nothing", "True"))])
    for nothing, logged, repeated in lines:
        assert nothing == "nothing yet" and repeated.startswith("True ")
        seed = repeated.split()[1]
        assert logged == f"bricks without a seed draw from seed {seed}; pass seed= to a brick to repeat a run"
    assert lines[0][1] != lines[1][1]


def test_the_random_state_belongs_to_the_root_and_has_its_seed():
    child = Tanh()
    root = Pair(child, Tanh(), name="top", seed=5)
    assert child.random_state is root.random_state
    np.testing.assert_array_equal(root.random_state.root.get_value(), bricks.RandomState(5).root.get_value())
    assert root.random_state.step.name == "top/random/step"
