"""Converters: one file for each kind of data, from its original files to HDF5 in Fuel's layout.

A converter is `convert_NAME(source, output, ...)`. What only some of them need, SciPy and Pillow, is imported when
one of those is called.
"""

CONVERTERS = {
    "arff": ("target", "which_set", "dtype"),
    "cifar10": ("unchecked",),
    "cifar100": ("unchecked",),
    "csv": ("target", "which_set", "dtype", "delimiter", "header"),
    "images": ("size", "grey"),
    "iris": ("unchecked",),
    "mnist": ("unchecked",),
    "svhn": ("unchecked",),
}
"""From each converter's name to its options besides `compression`; the verb `convert` says what it takes."""
