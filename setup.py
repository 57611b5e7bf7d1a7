"""Installs the library `bricks` alone; models, datasets, configs and train.py are worked with in the checkout."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

setup(
    name="bricks",
    version=re.search(r'__version__ = "(.+)"', (HERE / "bricks" / "__init__.py").read_text())[1],
    description="Train neural nets as Theano-style symbolic graphs, gates and all, compiled by XLA",
    long_description=(HERE / "README.md").read_text(),
    long_description_content_type="text/markdown",
    license="MIT",
    python_requires=">=3.11",
    packages=find_packages(include=["bricks", "bricks.*"]),
    package_data={"bricks.engine.kernel": ["*.cpp", "*.hpp"]},  # compiled on the machine that they run on
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
        "scipy>=1.11",  # of PyTensor's own requirements; named since .mat and .arff are read by it
    ],
    extras_require={
        "cuda": ["jax[cuda12]>=0.10,<0.13"],
        "test": ["pytest>=8", "pytest-xdist>=3.5", "hypothesis>=6.100", "ruff>=0.6", "tensorboard>=2.16", "pillow>=10"],
        "bench": ["torch>=2.9,<2.14", "matplotlib>=3.8"],
        "notebook": ["jupyterlab>=4", "matplotlib>=3.8"],
        "images": ["pillow>=10"],
        "tensorboard": ["tensorboard>=2.16"],
    },
    classifiers=[
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)
