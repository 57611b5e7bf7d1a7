"""A shuffle for files larger than memory: blocks of neighbouring examples in random order, mixed some at a time."""

import numpy as np

from bricks.data.schemes import generator, whole


class BlockShuffledScheme:
    """Blocks of neighbouring examples in random order, and the examples of a few blocks shuffled together.

        blocks of B neighbours, permuted (seed, epoch) -> stretches of R batches, each permuted -> batches

    A stream from disk reads the R batches of a stretch at once, sorted: whole blocks, each once an epoch, instead of
    single examples from everywhere. So B is best the number of examples in a chunk of the file, or about a megabyte
    of them. In memory are up to three stretches.

    Parameters
    ----------
    batch_size : int
        At least 1.
    seed : int
        At least 0.
    block : int
        B, examples; 1 is a whole shuffle.
    read_batches : int
        R. A stretch has R batch_size / B blocks.

    Raises
    ------
    UsageError
        A number is out of range.

    Notes
    -----
    How random it is: every example comes once an epoch, at any place in it with equal probability (up to the one
    block that is short). Places of different blocks are independent; but B neighbours in the file lie in one stretch,
    or in two that follow each other. Where the file is in random order itself that is no loss. Where neighbours are
    alike (sorted by class, or frames of a film), a stretch holds only about R batch_size / B different kinds, and each
    batch of it is a sample of these: let a stretch have many more blocks than there are kinds, by a smaller block or a
    larger R, or shuffle when the file is written.

    References
    ----------
    Analysed for gradient descent, as shuffling of blocks and then within a buffer of some, by Xu et al., "In-database
    machine learning with CorgiPile" (2022).

    Examples
    --------
    >>> from bricks.data import BlockShuffledScheme
    >>> scheme = BlockShuffledScheme(batch_size=2, seed=1, block=3, read_batches=3)
    >>> order = scheme.indices(12, epoch=0)
    >>> sorted(set(order[:6] // 3)) == sorted(set(order[:6] // 3))[:2]  # two blocks
    True
    >>> sorted(order.tolist()) == list(range(12))
    True
    """

    def __init__(self, batch_size: int, seed: int, block: int = 64, read_batches: int = 32):
        self.batch_size = whole(batch_size, 1, "batch_size", "BlockShuffledScheme")
        self.seed = whole(seed, 0, "seed", "BlockShuffledScheme")
        self.block = whole(block, 1, "block", "BlockShuffledScheme")
        self.read_batches = whole(read_batches, 1, "read_batches", "BlockShuffledScheme")

    def indices(self, num_examples: int, epoch: int) -> np.ndarray:
        """A permutation of 0 to num_examples - 1."""
        random = generator(self.seed, epoch)
        blocks = random.permutation(-(-num_examples // self.block))
        # Mixed within blocks too: which part of a block comes into the next stretch must not depend on where it lies.
        order = random.permuted(blocks[:, None] * self.block + np.arange(self.block), axis=1).reshape(-1)
        order = order[order < num_examples].astype(np.int64, copy=False)
        stretch = self.read_batches * self.batch_size
        for start in range(0, num_examples, stretch):
            random.shuffle(order[start : start + stretch])
        return order
