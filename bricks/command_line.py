"""What all our commands share: errors in one line, Ctrl-C and broken pipes without a traceback, the exit status.

0: done. 1: it failed. 2: asked wrongly. 130: Ctrl-C. 141: nobody reads the output any more.
"""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from bricks.errors import BricksError, UsageError

INTERRUPTED, BROKEN_PIPE = 130, 141
"""As a shell says it of a process that SIGINT, or SIGPIPE, has ended."""


class Parser(argparse.ArgumentParser):
    """What is asked wrongly is an error of ours."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see {self.prog} --help")


def status_of(action: Callable[[], int]) -> int:
    """Do what a command does; its exit status, errors said on standard error.

    >>> status_of(lambda: 0)
    0
    """
    try:
        status = action()
        sys.stdout.flush()  # so that a broken pipe is found here
        return status
    except BricksError as error:
        return say_error(error)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # What is still in the buffer would be written, and fail aloud, when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE


def say_error(error: BricksError) -> int:
    """Print an error for a person; its exit status."""
    print("\n".join(f"error: {line}" for line in str(error).splitlines()), file=sys.stderr)
    return error.exit_status


def shown_path(path: Path) -> str:
    """A path as one would type it here."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
