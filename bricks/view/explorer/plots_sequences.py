"""Plots of sequences and texts: lengths, courses over time, examples, frequencies of tokens."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from bricks.view import figures
from bricks.view.explorer.examples import Examples
from bricks.view.explorer.panels import Palette, Panel, by_set, faded, percent
from bricks.view.explorer.summaries import steps_of

PARTS = 40
"""Of a sequence's length, in courses over relative time."""

MOST_FEATURES = 8


def lengths(of: Mapping[str, np.ndarray]) -> Panel:
    """Histograms of lengths, by set."""

    def draw(axes: Axes) -> None:
        every = np.concatenate(list(of.values()))
        bins = _length_bins(every)
        by_set(axes, of, bins)
        axes.set_xlabel("steps", fontsize=8)

    main = next(iter(of.values()))
    told = f"From {main.min():,} to {main.max():,}, median {np.median(main):,.0f}, of {next(iter(of))}."
    return Panel("Lengths", draw, told)


def lengths_by_class(examples: Examples, palette: Palette) -> Panel:
    """Histogram of lengths, stacked by class."""
    own = lengths_of(examples.raw)

    def draw(axes: Axes) -> None:
        bins = _length_bins(own)
        below = np.zeros(len(bins) - 1)
        for _, colour, rows in palette.groups(examples.codes):
            counts = np.histogram(own[rows], bins)[0]
            axes.stairs(below + counts, bins, baseline=below, fill=True, color=colour, linewidth=0)
            below += counts
        axes.set_xlabel("steps", fontsize=8)

    return Panel("Lengths by class", draw)


def courses(examples: Examples) -> Panel:
    """The mean of each feature over relative time."""
    means = _resampled(examples.raw)

    def draw(axes: Axes) -> None:
        time = (np.arange(PARTS) + 0.5) / PARTS
        for k in range(min(means.shape[2], MOST_FEATURES)):
            mean = np.nanmean(means[:, :, k], axis=0)
            axes.plot(time, mean, color=figures.SERIES[k], label=f"feature {k}")
        if 1 < means.shape[2]:
            low, high = axes.get_ylim()
            axes.set_ylim(low - 0.3 * (high - low), high)
            axes.legend(fontsize=6.5, ncols=4, loc="lower center", columnspacing=0.8, handlelength=1.2)
        axes.set_xlabel("part of the sequence", fontsize=8)

    left = f", the first {MOST_FEATURES} of {means.shape[2]} features" if means.shape[2] > MOST_FEATURES else ""
    return Panel("Mean course", draw, f"Means over sequences, by relative time{left}.")


def course_by_class(examples: Examples, palette: Palette, feature: int) -> Panel:
    """The course of one feature, by class, with the deviation between sequences."""
    means = _resampled(examples.raw)[:, :, feature]

    def draw(axes: Axes) -> None:
        time = (np.arange(PARTS) + 0.5) / PARTS
        for _, colour, rows in palette.groups(examples.codes):
            if rows.any():
                mean, deviation = np.nanmean(means[rows], axis=0), np.nanstd(means[rows], axis=0)
                axes.plot(time, mean, color=colour)
                axes.fill_between(time, mean - deviation, mean + deviation, color=faded(colour, 0.1), linewidth=0)
        axes.set_xlabel("part of the sequence", fontsize=8)

    return Panel(f"Feature {feature} over time, by class", draw, "Mean and deviation between sequences.")


def one(examples: Examples, row: int, title: str, caption: str = "") -> Panel:
    """A sequence: its features as lines, or where they are many as a picture."""
    steps = steps_of(examples.raw[row]).astype(np.float64)

    def draw(axes: Axes) -> None:
        if steps.shape[1] <= 4:
            for k in range(steps.shape[1]):
                axes.plot(steps[:, k], color=figures.SERIES[k], linewidth=1)
        else:
            axes.imshow(steps.T, aspect="auto", cmap="viridis", origin="lower")
            axes.grid(False)
            axes.set_ylabel("feature", fontsize=8)
        axes.set_xlabel("step", fontsize=8)

    return Panel(title, draw, caption)


def values(examples: Examples) -> Panel:
    """A histogram of all values of all features."""
    some = np.concatenate([steps_of(example).reshape(-1) for example in examples.raw[:500]]).astype(np.float64)
    some = some[np.isfinite(some)]

    def draw(axes: Axes) -> None:
        axes.hist(some, 60, color=figures.SERIES[0], histtype="stepfilled")
        figures.logarithmic(axes, "y")
        axes.set_xlabel("value", fontsize=8)

    return Panel("Values of all features", draw, "On a logarithmic axis.")


def frequent_tokens(vocabulary: np.ndarray, counts: np.ndarray, most: int = 20) -> Panel:
    """The most frequent tokens."""

    def draw(axes: Axes) -> None:
        places = np.arange(min(most, len(vocabulary)))
        axes.bar(places, counts[: len(places)] / counts.sum(), color=figures.SERIES[0])
        axes.set_xticks(places, [str(token) for token in vocabulary[: len(places)]], rotation=90, fontsize=7.5)
        axes.grid(axis="x", visible=False)
        percent(axes.yaxis)

    return Panel("The most frequent tokens", draw, f"Of {len(vocabulary):,} different ones in the sample.")


def ranks(counts: np.ndarray) -> Panel:
    """Frequency by rank, which in languages is about a line (Zipf)."""

    def draw(axes: Axes) -> None:
        axes.plot(np.arange(1, len(counts) + 1), counts / counts.sum(), color=figures.SERIES[0])
        figures.logarithmic(axes, "x")
        figures.logarithmic(axes, "y", lambda value: f"{100 * value:g} %")
        axes.set_xlabel("rank of the token", fontsize=8)
        axes.set_ylabel("share", fontsize=8)

    return Panel("Frequency by rank", draw, "In languages about a line of slope -1 (Zipf).")


def coverage(counts: np.ndarray) -> Panel:
    """How much of the text so many tokens cover."""
    covered = np.cumsum(counts) / counts.sum()

    def draw(axes: Axes) -> None:
        axes.plot(np.arange(1, len(counts) + 1), covered, color=figures.SERIES[0])
        figures.logarithmic(axes, "x")
        axes.set_ylim(0, 1.02)
        percent(axes.yaxis)
        axes.set_xlabel("tokens in the vocabulary", fontsize=8)
        axes.set_ylabel("part of the text", fontsize=8)

    return Panel("Coverage", draw, f"{1 + int(np.argmax(covered >= 0.95)):,} tokens cover 95 % of the sample.")


def lengths_of(sequences: Sequence[np.ndarray]) -> np.ndarray:
    """Of each sequence, how many steps it has."""
    return np.array([len(example) if np.ndim(example) else 1 for example in sequences], np.int64)


def _length_bins(values: np.ndarray) -> np.ndarray:
    low, high = int(values.min(initial=0)), int(values.max(initial=1))
    low = int(values.min()) if len(values) else low
    step = max(1, -(-(high - low + 1) // 32))
    return np.arange(low, high + step + 1, step) - 0.5


def _resampled(sequences: Sequence[np.ndarray], most: int = 1000) -> np.ndarray:
    """Sequences brought to `PARTS` steps by the nearest: (sequences, PARTS, features); NaN for empty ones."""
    features = max((steps_of(example).shape[1] for example in sequences[:100]), default=1)
    out = np.full((len(sequences), PARTS, features), np.nan, np.float32)
    for row, example in zip(out, sequences, strict=True):
        steps = steps_of(example)
        if len(steps) and steps.shape[1] == features:
            row[:] = steps[((np.arange(PARTS) + 0.5) / PARTS * len(steps)).astype(int)]
    return out
