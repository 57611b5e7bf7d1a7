"""Data: files in Fuel's HDF5 layout, orders of iteration, streams of batches, transformers, conversion.

Only NumPy and h5py are needed here, nothing symbolic: a process that reads data loads neither PyTensor
nor JAX.
"""

from bricks.data.arrays import ArrayDataset
from bricks.data.balanced import LengthBuckets, StratifiedScheme
from bricks.data.blocks import BlockShuffledScheme
from bricks.data.checking import check_file
from bricks.data.checksums import verify_arrays, verify_file
from bricks.data.contents import file_contents
from bricks.data.contracts import Source, Stream
from bricks.data.converters.arff import convert_arff
from bricks.data.converters.cifar import convert_cifar10, convert_cifar100
from bricks.data.converters.csvs import convert_csv, convert_iris
from bricks.data.converters.images import convert_images
from bricks.data.converters.mnist import convert_mnist, read_mnist
from bricks.data.converters.svhn import convert_svhn
from bricks.data.derived import Cache, Filter
from bricks.data.downloads import fetch
from bricks.data.draws import Place
from bricks.data.ensure import ensure
from bricks.data.fetching import fetch_file
from bricks.data.folds import fold_streams
from bricks.data.generated import GeneratedStream, generated_streams
from bricks.data.hdf5 import H5PYDataset
from bricks.data.idx import read_idx
from bricks.data.images import Crop, Flip, Resize, Rotate
from bricks.data.iterable import IterableDataset
from bricks.data.layout import SplitRow, read_splits, split_table
from bricks.data.mapping import FilterSources, Mapping, Rename
from bricks.data.padding import Padding
from bricks.data.paths import data_folders, find_data_file, writable_folder
from bricks.data.ragged import ragged
from bricks.data.regrouped import Batch, Merge, ShuffleBuffer, Unpack
from bricks.data.schemes import (
    ConcatenatedScheme,
    ConstantScheme,
    SequentialExampleScheme,
    SequentialScheme,
    Shard,
    ShuffledExampleScheme,
    ShuffledScheme,
)
from bricks.data.sequences import OneHot, Permute, TimeMajor
from bricks.data.streams import BatchIterator, DataStream
from bricks.data.text import TextFile, text_dictionary
from bricks.data.transformers import Cast, Flatten, Reshape, ScaleAndShift
from bricks.data.windows import NGrams, Window
from bricks.data.writing import HDF5Writer, write_hdf5

__all__ = [
    "ArrayDataset",
    "Batch",
    "BatchIterator",
    "BlockShuffledScheme",
    "Cache",
    "Cast",
    "ConcatenatedScheme",
    "ConstantScheme",
    "Crop",
    "DataStream",
    "Filter",
    "FilterSources",
    "Flatten",
    "Flip",
    "GeneratedStream",
    "H5PYDataset",
    "HDF5Writer",
    "IterableDataset",
    "LengthBuckets",
    "Mapping",
    "Merge",
    "NGrams",
    "OneHot",
    "Padding",
    "Permute",
    "Place",
    "Rename",
    "Reshape",
    "Resize",
    "Rotate",
    "ScaleAndShift",
    "SequentialExampleScheme",
    "SequentialScheme",
    "Shard",
    "ShuffleBuffer",
    "ShuffledExampleScheme",
    "ShuffledScheme",
    "Source",
    "SplitRow",
    "StratifiedScheme",
    "Stream",
    "TextFile",
    "TimeMajor",
    "Unpack",
    "Window",
    "check_file",
    "convert_arff",
    "convert_cifar10",
    "convert_cifar100",
    "convert_csv",
    "convert_images",
    "convert_iris",
    "convert_mnist",
    "convert_svhn",
    "data_folders",
    "ensure",
    "fetch",
    "fetch_file",
    "file_contents",
    "find_data_file",
    "fold_streams",
    "generated_streams",
    "ragged",
    "read_idx",
    "read_mnist",
    "read_splits",
    "split_table",
    "text_dictionary",
    "verify_arrays",
    "verify_file",
    "writable_folder",
    "write_hdf5",
]
