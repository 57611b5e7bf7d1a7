"""Whole programs as of 2016, after a mechanical conversion from Python 2: they run, and learn what they did."""

import sys
from pathlib import Path

import numpy as np
import pytest
import theano
from fuel import config as fuel_config
from fuel.bin import fuel_convert

PROGRAMS = Path(__file__).resolve().parents[1] / "programs"
ORIGINALS = Path(__file__).resolve().parents[3] / "datasets" / "files" / "mnist"


@pytest.fixture
def program(monkeypatch):
    """Imports a program by its name."""
    monkeypatch.syspath_prepend(PROGRAMS)

    def imported(name):
        monkeypatch.delitem(sys.modules, name, raising=False)
        return __import__(name)

    return imported


@pytest.fixture(scope="module")
def mnist(tmp_path_factory):
    """A data path with Fuel's file of MNIST."""
    folder = tmp_path_factory.mktemp("mnist")
    assert fuel_convert.main(["mnist", "-d", str(ORIGINALS), "-o", str(folder)]) == 0
    return folder


@pytest.fixture
def data_path(mnist, monkeypatch):
    monkeypatch.setitem(fuel_config.config["data_path"], "value", str(mnist))
    monkeypatch.setenv("FUEL_FLOATX", "float32")


def test_one_hidden_layer_on_a_part_of_mnist(program, data_path, capsys):
    with theano.change_flags(floatX="float32"):
        valid, test = program("mnist_mlp").main(n_train=3000, n_valid=1000, n_test=1000, n_hidden=100, max_epochs=4)
    assert valid < 0.12 and test < 0.14
    assert "epoch 4, cost" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_one_hidden_layer_on_mnist_comes_to_the_numbers_of_mnist_mlp_yaml(program, data_path, seed):
    with theano.change_flags(floatX="float32"):
        valid, test = program("mnist_mlp").main(seed=seed)
    assert 0.015 < test < 0.0195 and 0.0145 < valid < 0.0195  # that config's: 1.62 to 1.80 % on the test set


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_recurrent_net_learns_to_remember(program, dtype):
    with theano.change_flags(floatX=dtype):
        before, after = program("recurrent").main()
    assert before > 0.25 and after < 0.1 * before


def test_dropout_draws_a_mask_for_each_update(program):
    accuracy, dropped = program("dropout").main()
    assert accuracy > 0.9
    # A unit is silent where the rectifier or the mask is: more often than half the time, and never the same.
    assert 0.6 < np.mean(dropped) < 0.9
    assert all((a != b).any() for a, b in zip(dropped, dropped[1:], strict=False))


def test_givens_with_stored_data_and_an_index(program):
    assert program("stored_data").regression() < 0.03


def test_ifelse_chooses_at_each_call(program):
    rates, w = program("stored_data").warm_up()
    assert rates == [0.1] * 3 + [0.5] * 3 and w == 0  # 1 - 2 * 0.5


def test_disconnected_grad_holds_a_target(program):
    held, free = program("stored_data").target_network()
    error = 2 * 3.0 - (1 + 0.9 * 6)
    np.testing.assert_allclose([held, free], [2 * error, 0.2 * error])
