"""Installs the old import names, `theano` and `fuel`, on top of bricks; `pip install ./legacy` in the checkout."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

setup(
    name="bricks-legacy",
    version="0.1.0",
    description="Programs written for Theano and Fuel, run by bricks, PyTensor and XLA",
    long_description=(HERE / "README.md").read_text(),
    long_description_content_type="text/markdown",
    license="MIT",
    python_requires=">=3.11",
    packages=find_packages(include=["theano", "theano.*", "fuel", "fuel.*"]),
    install_requires=["bricks"],
    entry_points={
        "console_scripts": [
            "fuel-convert = fuel.bin.fuel_convert:main",
            "fuel-download = fuel.bin.fuel_download:main",
            "fuel-info = fuel.bin.fuel_info:main",
        ]
    },
)
