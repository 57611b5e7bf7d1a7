"""Diagrams: models as bricks, graphs as operations with their derivatives, gated units as neurons.

`flow` reads a graph's annotations, `trial` applies a brick to inputs that fit it, `shapes` says shapes in words;
the others draw.
"""
