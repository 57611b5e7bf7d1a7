"""The models of the baselines, scikit-learn's: standard ones, none of them tuned, as a measure for others.

Our own training would not be faster: on 8,000 images of MNIST softmax regression takes half a second here, and the net
of one hidden layer two, less than a compilation.
"""

from collections.abc import Callable

import numpy as np

from bricks.data.folds import dealt
from bricks.errors import UsageError
from bricks.view.explorer.components import scale_of

NEIGHBOURS = 5
HIDDEN = 100
PENALTY = 0.01
"""Times half the squared weights, beside the mean loss of an example."""

FEW = 2000
"""Examples below which nets are trained by all of them at once (L-BFGS), else by Adam with a part held out."""

MEGABYTES = 128  # that scikit-learn may take for distances at a time


def classifiers(examples: int, classes: int, seed: int) -> dict[str, tuple[str, Callable]]:
    """From the name of a baseline to how it is made, in words, and what makes one.

    Parameters
    ----------
    examples : int
        That each is trained on.
    classes : int
    seed : int
    """
    from sklearn.dummy import DummyClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.neural_network import MLPClassifier

    neighbours = min(NEIGHBOURS, examples)
    return {
        "majority": ("the most frequent class", lambda: DummyClassifier(strategy="most_frequent")),
        "nearest neighbours": (
            f"the most frequent class of the {neighbours} nearest",
            lambda: KNeighborsClassifier(neighbours, algorithm="brute"),
        ),
        "logistic regression" if classes == 2 else "softmax regression": (
            f"L2 penalty {PENALTY} on the mean loss, L-BFGS",
            lambda: LogisticRegression(C=1 / (PENALTY * examples), max_iter=100 if examples < FEW else 30),
        ),
        "one hidden layer": (_net(examples), lambda: MLPClassifier(**_hidden(examples, seed))),
    }


def regressors(examples: int, seed: int) -> dict[str, tuple[str, Callable]]:
    """The same for targets that are numbers."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.dummy import DummyRegressor
    from sklearn.linear_model import Ridge
    from sklearn.neighbors import KNeighborsRegressor
    from sklearn.neural_network import MLPRegressor
    from sklearn.preprocessing import StandardScaler

    neighbours = min(NEIGHBOURS, examples)

    def net():
        return TransformedTargetRegressor(MLPRegressor(**_hidden(examples, seed)), transformer=StandardScaler())

    return {
        "mean": ("the mean of the targets", DummyRegressor),
        "nearest neighbours": (
            f"the mean of the {neighbours} nearest",
            lambda: KNeighborsRegressor(neighbours, algorithm="brute"),
        ),
        "ridge regression": (
            f"L2 penalty {PENALTY} on the mean squared error",
            lambda: Ridge(alpha=PENALTY * examples),
        ),
        "one hidden layer": (_net(examples), net),
    }


def check_installed() -> None:
    """UsageError where scikit-learn is not installed."""
    try:
        import sklearn  # noqa: F401
    except ImportError as error:
        raise UsageError("baselines need scikit-learn: pip install 'bricks[view]'") from error


def predictions(make: Callable, X: np.ndarray, truth: np.ndarray, held: np.ndarray, alike: bool) -> np.ndarray:
    """What a model says of the examples held out, trained on the others in their own scale."""
    import sklearn

    given = truth[~held]
    if given.dtype.kind == "i" and (given == given[0]).all():  # a class with so few examples that all are held out
        return np.full(held.sum(), given[0])
    scale = scale_of(X[~held], alike)
    with sklearn.config_context(working_memory=MEGABYTES):  # of this thread
        return make().fit(scale.apply(X[~held]), given).predict(scale.apply(X[held]))


def fold_numbers(codes: np.ndarray | None, examples: int, folds: int, seed: int) -> np.ndarray:
    """Of each example the fold in which it is held out, from 0: every class in its proportion, as far as it goes.

    Parameters
    ----------
    codes : np.ndarray or None
        Each example's class; None where targets are numbers.
    examples, folds, seed : int

    Examples
    --------
    >>> codes = np.repeat([0, 1], [8, 4])
    >>> parts = fold_numbers(codes, 12, folds=4, seed=0)
    >>> [np.bincount(codes[parts == fold]).tolist() for fold in range(4)]
    [[2, 1], [2, 1], [2, 1], [2, 1]]
    """
    parts = np.empty(examples, np.int64)
    for fold, rows in enumerate(dealt(np.random.default_rng((seed, 1)).permutation(examples), folds, codes)):
        parts[rows] = fold
    return parts


def _net(examples: int) -> str:
    how = f"L2 penalty {PENALTY}, L-BFGS" if examples < FEW else "Adam, a tenth held out to stop"
    return f"{HIDDEN} rectifiers, {how}"


def _hidden(examples: int, seed: int) -> dict:
    if examples < FEW:
        how = {"solver": "lbfgs", "alpha": PENALTY * examples, "max_iter": 100}
    else:
        how = {"solver": "adam", "early_stopping": True, "n_iter_no_change": 5, "max_iter": 60}
    return {"hidden_layer_sizes": (HIDDEN,), "random_state": seed, **how}
