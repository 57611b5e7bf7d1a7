"""Train a model: `python train.py configs/mnist_mlp.yaml`; `python train.py --help` tells the rest.

This file only makes sure that what bricks needs is there, which must work in a Python that has none of it.
"""

import importlib.util
import sys
from pathlib import Path

PACKAGES = ["h5py", "jax", "jinja2", "matplotlib", "numpy", "pydantic", "pytensor", "rich", "yaml"]


def complaint():
    """Why this Python can't run bricks, in one line with the command that helps; None if it can."""
    if sys.version_info < (3, 11):  # noqa: UP036 (this line is for the older ones)
        found = ".".join(map(str, sys.version_info[:2]))
        return "train.py needs Python 3.11 or newer, this is " + found + "; run `PYTHON=python3.12 make train`"
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        remedy = "run `make train`, or `" + sys.executable + " -m pip install -e .`"
        return "train.py: this Python lacks " + ", ".join(missing) + "; " + remedy
    return None


def main():
    """Start the command line, once it is clear that it can be started."""
    problem = complaint()
    if problem:
        return problem
    try:
        from bricks.training.command import main
    except ValueError as error:
        if not hasattr(error, "exit_status"):
            raise
        # One of ours: THEANO_FLAGS are read when bricks is imported.
        print("error:", error, file=sys.stderr)
        return error.exit_status
    return main(sys.argv[1:], Path(__file__).resolve().parent)


if __name__ == "__main__":
    sys.exit(main())
