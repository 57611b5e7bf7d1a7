"""Installs the library `bricks` alone; models, datasets, configs and train.py are worked with in the checkout."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

# Graphviz comes inside pygraphviz's wheels; scikit-learn is for the explorer's baselines.
VIEW = ["pygraphviz>=2", "scikit-learn>=1.4"]
DOCS = ["sphinx>=8", "furo>=2024.8", "myst-parser>=4"]

setup(
    name="bricks",
    version=re.search(r'__version__ = "(.+)"', (HERE / "bricks" / "__init__.py").read_text())[1],
    description="Train neural nets as Theano-style symbolic graphs, gates and all, compiled by XLA",
    long_description=(HERE / "README.md").read_text(),
    long_description_content_type="text/markdown",
    license="MIT",
    python_requires=">=3.11",
    packages=find_packages(include=["bricks", "bricks.*"]),
    package_data={
        "bricks.engine.kernel": ["*.cpp", "*.hpp"],  # compiled on the machine that they run on
        "bricks.view": ["templates/*"],
    },
    # The linker leans on private names of both: these are the ranges that the tests have seen.
    install_requires=[
        "pytensor>=3.0.7,<3.4",
        "jax>=0.10,<0.13",
        "numpy>=2",
        "h5py>=3.11",
        "pydantic>=2.7",
        "pyyaml>=6",
        "rich>=13",
        "safetensors>=0.4",
        "scipy>=1.11",  # of PyTensor's own requirements; named since .mat files are read by it
        "matplotlib>=3.8",  # with jinja2, the report at the end of a run
        "jinja2>=3.1",
        "flatbuffers>=24",  # JAX's own serialisation of exported graphs asks for it
        "pillow>=10",  # of matplotlib's own requirements; named since images are read and turned by it
    ],
    extras_require={
        "cuda": ["jax[cuda12]>=0.10,<0.13"],
        "view": VIEW,
        "docs": [*VIEW, *DOCS],
        "test": [
            *VIEW,
            "pytest>=8",
            "pytest-xdist>=3.5",
            "hypothesis>=6.100",
            "ruff>=0.6",
            "tensorboard>=2.16",
            "nbclient>=0.10",
            "ipykernel>=6.29",
            *DOCS,
        ],
        "bench": ["torch>=2.9,<2.14"],
        "notebook": [*VIEW, "jupyterlab>=4"],
        "tensorboard": ["tensorboard>=2.16"],
    },
    classifiers=[
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)
