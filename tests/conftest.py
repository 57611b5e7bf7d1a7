"""Flags as a user has them: bricks comes before PyTensor, so that float32 is the default."""

import bricks  # noqa: F401
