"""Where `NGrams` was at first."""

from fuel.transformers.sequences import NGrams

__all__ = ["NGrams"]
