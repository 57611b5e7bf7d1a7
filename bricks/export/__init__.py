"""Ways out: what a run has, for R (CSV), Matlab and Octave (.mat), NumPy (.npz) and JAX (StableHLO).

Nothing here draws: pictures are of `bricks.view`.
"""
