"""Fuel's import name for old programs, on `bricks.data`."""
