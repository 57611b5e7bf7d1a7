"""Converters, from original files to HDF5: those of `bricks.data` under Fuel's names."""

from fuel.converters import cifar10, cifar100, iris, mnist, svhn

__all__ = ["all_converters", "cifar10", "cifar100", "iris", "mnist", "svhn"]

all_converters = tuple(
    (module.__name__.rpartition(".")[2], module.fill_subparser) for module in (cifar10, cifar100, iris, mnist, svhn)
)
"""From each name to what adds its options to a command line and gives the converter."""
