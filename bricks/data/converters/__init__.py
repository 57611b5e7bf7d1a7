"""Converters: one file for each data set, from its original files to HDF5 in Fuel's layout."""
