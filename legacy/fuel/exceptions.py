"""Errors of Fuel's own."""


class AxisLabelsMismatchError(ValueError):
    """A transformer's axis labels are not those that it needs."""
