"""Theano's import name for old programs, on PyTensor's graphs and bricks' compiler."""
