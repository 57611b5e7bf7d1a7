"""Converters: one file for each kind of data, from its original files to HDF5 in Fuel's layout.

A converter is `convert_NAME(source, output, ...)`. What only some of them need, SciPy and Pillow, is imported when
one of those is called.
"""

CONVERTERS = {
    "arff": ("a table of Weka's, .arff", ("target", "which_set", "dtype")),
    "cifar10": ("cifar-10-binary.tar.gz, or the folder that it is in or was unpacked to", ("unchecked",)),
    "cifar100": ("cifar-100-binary.tar.gz, or the folder that it is in or was unpacked to", ("unchecked",)),
    "csv": ("a table, a line for each example", ("target", "which_set", "dtype", "delimiter")),
    "images": ("a folder of pictures: CLASS/..., or SET/CLASS/...", ("size", "grey")),
    "iris": ("iris.data, or the folder that it is in", ("unchecked",)),
    "mnist": ("a folder with the four IDX files, packed by gzip", ("unchecked",)),
    "svhn": ("a folder with train_32x32.mat, test_32x32.mat and, if it is there, extra_32x32.mat", ("unchecked",)),
}
"""From each converter's name to what it takes, in a line, and to the options that it has besides `compression`."""
