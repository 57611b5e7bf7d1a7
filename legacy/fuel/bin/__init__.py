"""The commands `fuel-convert`, `fuel-info` and `fuel-download`."""
