"""Data sets: Fuel's files, arrays, iterables, text, made-up points."""

from fuel.datasets.adult import Adult
from fuel.datasets.base import Dataset, IndexableDataset, IterableDataset
from fuel.datasets.billion import OneBillionWord
from fuel.datasets.binarized_mnist import BinarizedMNIST
from fuel.datasets.caltech101_silhouettes import CalTech101Silhouettes
from fuel.datasets.celeba import CelebA
from fuel.datasets.cifar10 import CIFAR10
from fuel.datasets.cifar100 import CIFAR100
from fuel.datasets.dogs_vs_cats import DogsVsCats
from fuel.datasets.hdf5 import H5PYDataset
from fuel.datasets.ilsvrc2010 import ILSVRC2010
from fuel.datasets.ilsvrc2012 import ILSVRC2012
from fuel.datasets.iris import Iris
from fuel.datasets.mnist import MNIST
from fuel.datasets.svhn import SVHN
from fuel.datasets.text import TextFile
from fuel.datasets.toy import Spiral, SwissRoll
from fuel.datasets.youtube_audio import YouTubeAudio

__all__ = [
    "CIFAR10",
    "CIFAR100",
    "ILSVRC2010",
    "ILSVRC2012",
    "MNIST",
    "SVHN",
    "Adult",
    "BinarizedMNIST",
    "CalTech101Silhouettes",
    "CelebA",
    "Dataset",
    "DogsVsCats",
    "H5PYDataset",
    "IndexableDataset",
    "Iris",
    "IterableDataset",
    "OneBillionWord",
    "Spiral",
    "SwissRoll",
    "TextFile",
    "YouTubeAudio",
]
