"""Kernels: a recurrence's step as one C++ function that takes a slice of the batch through all steps.

Any step that works row by row gets one, forwards and backwards, written by the machine from the step's own graph:

- `rows`: which axis is the batch, and whether each row can go its own way
- `plan`: what is computed when, and where it is kept
- `scalars`, `emit`: the C++ of it; `runtime.hpp`: functions, products and threads that all kernels share
- `build`: compiled once, kept, known to XLA
- `lowering`: the call in the place of XLA's loop
"""
