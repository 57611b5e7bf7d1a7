"""A fork server that reads damaged copies of a file: `python corrupted.py KIND FOLDER FIRST COUNT`.

Copy n is a function of n alone. Each is read in a forked child, which goes on to the next until it crashes or stands
still; then another takes its place. A JSON line for each copy: its number, what was done to it, what came of it.
"""

import json
import os
import random
import resource
import select
import signal
import struct
import sys
from pathlib import Path

import numpy as np

SECONDS = 5.0  # in which a copy must be read; a whole one takes some milliseconds
SIGNATURES = (b"\x89HDF", b"TREE", b"SNOD", b"HEAP", b"GCOL", b"OHDR", b"bricks", b"allx")
EXTREMES = (0, 1, 2, 127, 128, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1)


def corrupt(content: bytes, number: int) -> tuple[str, bytes]:
    """What was done, and what came out."""
    rng, out = random.Random(number), bytearray(content)
    kind = rng.choice(
        ["bit", "bit", "byte", "zeros", "ones", "cut", "swap", "noise", "field", "structure", "doubled", "lost"]
    )
    place = rng.randrange(len(out))
    if kind == "structure":  # near a part of HDF5's structure, where there is one
        found = [at for mark in SIGNATURES for at in _all(content, mark)]
        place = min(len(out) - 1, rng.choice(found or [0]) + rng.randrange(64))
    length = rng.randrange(1, 1 + min(2000, len(out) // 4))
    if kind == "bit":
        out[place] ^= 1 << rng.randrange(8)
    elif kind in ("byte", "structure") and rng.random() < 0.5 or kind == "byte":
        out[place] = rng.randrange(256)
    elif kind in ("zeros", "ones", "noise"):
        filling = {"zeros": bytes(length), "ones": b"\xff" * length, "noise": rng.randbytes(length)}[kind]
        out[place : place + length] = filling[: len(out) - place]
    elif kind == "cut":
        del out[place:]
    elif kind == "swap":
        other, length = rng.randrange(len(out)), min(length, 600)
        one, two = bytes(out[place : place + length]), bytes(out[other : other + length])
        size = min(len(one), len(two))
        out[place : place + size], out[other : other + size] = two[:size], one[:size]
    elif kind in ("field", "structure"):
        size = rng.choice([1, 2, 4, 8])
        place -= place % size
        value = rng.choice([*EXTREMES, len(out), len(out) - 1, place]) % 2 ** (8 * size)
        out[place : place + size] = value.to_bytes(size, rng.choice(["little", "big"]))[: len(out) - place]
    elif kind == "doubled":
        out[place:place] = out[place : place + length]
    else:
        del out[place : place + length]
    return kind, bytes(out)


def _all(content: bytes, mark: bytes):
    at = content.find(mark)
    while at >= 0:
        yield at
        at = content.find(mark, at + 1)


def read_hdf5(path):
    """Sources and arrays of both sets, from memory and from disk."""
    from bricks.data import H5PYDataset

    found = []
    for which_set in ("train", "test"):
        for in_memory in (True, False):
            dataset = H5PYDataset(path, which_set, load_in_memory=in_memory)
            found.append({name: repr(source) for name, source in dataset.sources.items()})
            found.append(dataset.read(np.arange(dataset.num_examples)))
            dataset.close()
    return found


def read_idx(path):
    from bricks.data import read_idx

    return read_idx(path)


def read_checkpoint(path):
    from bricks.training import checkpoints

    return checkpoints.read(path)


def plain_idx(content: bytes):
    """What the bytes of an IDX file say, read here independently; None where they are none."""
    codes = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in codes or len(content) < 4 + 4 * content[3]:
        return None
    shape = struct.unpack(f">{content[3]}I", content[4 : 4 + 4 * content[3]])
    values, count = content[4 + 4 * content[3] :], 1
    for size in shape:
        count *= size
    if count * np.dtype(codes[content[2]]).itemsize != len(values):
        return None
    return np.frombuffer(values, codes[content[2]]).reshape(shape)


def same(one, other) -> bool:
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, np.ndarray):
        if not isinstance(other, np.ndarray) or one.shape != other.shape or one.dtype.kind != other.dtype.kind:
            return False
        return same(list(one), list(other)) if one.dtype == object else one.tobytes() == other.tobytes()
    return type(one) is type(other) and one == other


KINDS = {
    "hdf5": ("a.hdf5", read_hdf5),
    "hdf5 in one piece": ("b.hdf5", read_hdf5),
    "hdf5 of Fuel": ("fuel.hdf5", read_hdf5),
    "idx packed": ("packed", read_idx),
    "idx plain": ("plain", read_idx),
    "checkpoint": ("checkpoint.h5", read_checkpoint),
}


def judge(kind: str, path: Path, right) -> str:
    """What comes of reading a damaged copy."""
    from bricks.errors import CheckpointError, DataError

    try:
        found = KINDS[kind][1](path)
    except (DataError, CheckpointError) as error:
        return "refused" if str(path) in str(error) else f"unnamed: {error}"
    except BaseException as error:
        return f"odd: {type(error).__name__}: {error}"
    if kind == "idx plain":
        right = plain_idx(path.read_bytes())
        return "right" if right is not None and np.array_equal(found, right) else "wrong"
    return "right" if same(found, right) else "wrong"


def child(kind: str, folder: Path, first: int, last: int, pipe: int) -> None:
    """Read copies until all are done."""
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    whole, right = KINDS[kind][0], KINDS[kind][1](folder / KINDS[kind][0])
    content = (folder / whole).read_bytes()
    for number in range(first, last):
        done, damaged = corrupt(content, number)
        path = folder / f"damaged-{whole}"
        path.write_bytes(damaged)
        os.write(pipe, f"{number}\t{done}\t".encode())
        verdict = "right" if damaged == content else judge(kind, path, right)
        os.write(pipe, verdict.replace("\n", " ").replace("\t", " ").encode() + b"\n")


def main(kind: str, folder: Path, first: int, count: int) -> None:
    KINDS[kind][1](folder / KINDS[kind][0])  # what is imported now, each child has
    number, last = first, first + count
    while number < last:
        reading, writing = os.pipe()
        process = os.fork()
        if process == 0:
            os.close(reading)
            child(kind, folder, number, last, writing)
            os._exit(0)
        os.close(writing)
        text, hung = b"", False
        while not hung:
            if not select.select([reading], [], [], SECONDS)[0]:
                hung = True
                os.kill(process, signal.SIGKILL)
            elif piece := os.read(reading, 1 << 16):
                text += piece
            else:
                break
        status = os.waitpid(process, 0)[1]
        os.close(reading)
        for line in text.decode().splitlines():
            at, done, verdict = line.split("\t")
            if not verdict:
                verdict = "hung" if hung else f"crashed: status {status}"
                keep = folder / f"{kind}-{at}.bad".replace(" ", "-")
                (folder / f"damaged-{KINDS[kind][0]}").rename(keep)
            print(json.dumps([int(at), done, verdict]), flush=True)
            number = int(at) + 1
        if not text:
            raise SystemExit(f"the child died before its first copy: status {status}")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
