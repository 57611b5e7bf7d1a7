"""Plots of images: means, deviations, components, examples by class, and where the classes differ."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from bricks.view import figures, page
from bricks.view.explorer.components import Components
from bricks.view.explorer.examples import Examples
from bricks.view.explorer.panels import Palette, Panel, heat, montage, without_axes
from bricks.view.explorer.pictures import shown

MOST_CLASSES = 12
MOST_IMAGES = 20


def _limits(raw: np.ndarray) -> tuple[float, float]:
    """What is black and what is white, the same for all images of a set."""
    if raw.dtype == np.uint8:
        return 0.0, 255.0
    some = raw[:: max(1, len(raw) // 500)].astype(np.float64)
    some = some[np.isfinite(some)]
    return (float(some.min()), float(some.max())) if len(some) else (0.0, 1.0)


def mean_and_deviation(examples: Examples) -> list[Panel]:
    """The mean of all images, and the deviation of each pixel."""
    mean, deviation = (np.nan_to_num(f(examples.raw, axis=0, dtype=np.float64)) for f in (np.nanmean, np.nanstd))
    low, high = _limits(examples.raw)

    def draw_mean(axes: Axes) -> None:
        axes.imshow(shown(mean[None], low, high)[0])
        without_axes(axes)

    def draw_deviation(axes: Axes) -> None:
        image = axes.imshow(deviation.mean(axis=2), cmap="viridis")
        axes.figure.colorbar(image, ax=axes, shrink=0.85)
        without_axes(axes)

    return [
        Panel("Mean of all images", draw_mean),
        Panel("Deviation of each pixel", draw_deviation, "Dark pixels hardly change from image to image."),
    ]


def class_means(examples: Examples, palette: Palette) -> Panel:
    """The mean image of each class."""
    low, high = _limits(examples.raw)
    order = _classes(examples, palette)

    def draw(axes: Axes) -> None:
        means = [np.nanmean(examples.raw[examples.codes == k], axis=0, dtype=np.float64) for k in order]
        montage(axes, shown(np.stack(means), low, high), [page.shortened(palette.names[k], 10) for k in order])

    left = f"The {len(order)} most frequent of {palette.number}." if len(order) < palette.number else ""
    return Panel("Mean image of each class", draw, left)


def class_examples(examples: Examples, palette: Palette, each: int = 8) -> Panel:
    """Some images of each class, a class in a row."""
    low, high = _limits(examples.raw)
    order = _classes(examples, palette)[:10]

    def draw(axes: Axes) -> None:
        rows = [np.flatnonzero(examples.codes == k)[:each] for k in order]
        height, width = examples.raw.shape[1:3]
        images = np.zeros((len(order) * each, height, width, 3), np.uint8)
        for place, row in enumerate(rows):
            images[place * each : place * each + len(row)] = shown(examples.raw[row], low, high)
        montage(axes, images, columns=each)
        step = axes.get_ylim()[0] / len(order)
        names = [page.shortened(palette.names[k], 10) for k in order]
        axes.set_yticks([step * (place + 0.5) for place in range(len(order))], names, fontsize=7.5)
        axes.tick_params(length=0)

    return Panel("Examples of each class", draw)


def some_examples(examples: Examples) -> Panel:
    """Images from all over the sample."""
    rows = np.linspace(0, len(examples) - 1, min(len(examples), 36)).round().astype(int)
    low, high = _limits(examples.raw)
    return Panel("Examples", lambda axes: montage(axes, shown(examples.raw[rows], low, high)), "From all over the set.")


def values(examples: Examples) -> Panel:
    """A histogram of the values of all pixels."""
    some = examples.raw[:: max(1, len(examples) // 2000)]
    some = some[np.isfinite(some)]

    def draw(axes: Axes) -> None:
        low, high = _limits(examples.raw)
        high = high if high > low else low + 1
        whole = high - low <= 64 and bool((some == np.round(some)).all())
        edges = np.arange(low, high + 2) - 0.5 if whole else np.linspace(low, high, 65)
        counts, edges = np.histogram(some, edges)
        axes.stairs(counts / max(1, counts.sum()), edges, fill=True, color=figures.SERIES[0], baseline=1e-9)
        axes.set_ylim(max(1e-6, counts[counts > 0].min(initial=1) / max(1, counts.sum()) / 2), 1)
        figures.logarithmic(axes, "y", lambda value: f"{100 * value:g} %")
        axes.set_xlabel("value of a pixel", fontsize=8)

    zero = float(np.mean(some == some.min())) if len(some) else 0
    return Panel("Values of pixels", draw, f"On a logarithmic axis; {100 * zero:.0f} % have the least value.")


def intensity(examples: Examples, palette: Palette | None) -> Panel:
    """The mean of each image, by class."""
    means = np.nanmean(examples.raw.reshape(len(examples), -1), axis=1, dtype=np.float64)

    def draw(axes: Axes) -> None:
        if palette is None:
            axes.hist(means, 40, color=figures.SERIES[0], histtype="stepfilled")
            axes.set_xlabel("mean of an image", fontsize=8)
            return
        order = _classes(examples, palette)
        line = {"color": figures.SERIES[0]}
        axes.boxplot(
            [means[examples.codes == k] for k in order], positions=range(len(order)), widths=0.6, showfliers=False,
            boxprops=line, whiskerprops=line, capprops=line, medianprops={"color": figures.SERIES[1]},
        )  # fmt: skip
        names = [page.shortened(palette.names[k], 9) for k in order]
        wide = sum(map(len, names)) > 36
        axes.set_xticks(range(len(order)), names, rotation=90 if wide else 0, fontsize=7.5)
        axes.grid(axis="x", visible=False)
        axes.set_ylabel("mean of an image", fontsize=8)

    said = "Quartiles; whiskers to the last within one and a half of their distance." if palette else ""
    return Panel("Intensity by class" if palette else "Intensity", draw, said)


def told_by_pixels(bits: np.ndarray, shape: Sequence[int]) -> Panel:
    """Where pixels tell classes apart."""
    picture = bits.reshape(shape).max(axis=2)

    def draw(axes: Axes) -> None:
        image = axes.imshow(picture, cmap="viridis", vmin=0)
        axes.figure.colorbar(image, ax=axes, label="bits", shrink=0.85)
        without_axes(axes)

    return Panel("What a pixel tells of the target", draw, f"Mutual information; at most {bits.max():.2f} bits.")


def components(found: Components, shape: Sequence[int], most: int = 12) -> Panel:
    """Directions of largest variance, as images."""
    count = min(most, len(found.directions))

    def draw(axes: Axes) -> None:
        from matplotlib import colormaps

        directions = found.directions[:count].reshape(count, *shape).mean(axis=3)
        limit = np.abs(directions).max(axis=(1, 2), keepdims=True)
        images = (255 * colormaps["RdBu_r"](0.5 + directions / (2 * np.maximum(limit, 1e-12)))[..., :3]).astype(
            np.uint8
        )
        montage(axes, images, [f"{k + 1}: {100 * found.share[k]:.1f} %" for k in range(count)], columns=4, size=6.5)

    return Panel("Principal components as images", draw, "Red and blue are opposite signs.")


def pairs(
    title: str, of: tuple[np.ndarray, np.ndarray], labels: Sequence[str], limits: np.ndarray, caption: str
) -> Panel:
    """Pairs of images, one above the other."""
    low, high = _limits(limits)

    def draw(axes: Axes) -> None:
        upper, lower = (np.insert(shown(part, low, high), 3, 255, axis=3) for part in of)
        gap = np.zeros_like(upper[:, : max(1, upper.shape[1] // 14)])
        montage(axes, np.concatenate([upper, gap, lower], axis=1), labels, columns=6)

    return Panel(title, draw, caption)


def outliers(examples: Examples, rows: Sequence[int], labels: Sequence[str]) -> Panel:
    """The images that lie furthest out."""
    low, high = _limits(examples.raw)

    def draw(axes: Axes) -> None:
        montage(axes, shown(examples.raw[list(rows)], low, high), labels, columns=4, size=6.5)

    return Panel("Outliers", draw, "Furthest from their fifth neighbour in the sample; with class and number.")


def class_distances(examples: Examples, Z: np.ndarray, palette: Palette) -> Panel:
    """How far the mean images of classes are from each other."""
    order = _classes(examples, palette, 20)
    means = np.stack([Z[examples.codes == k].mean(axis=0) for k in order])
    table = np.sqrt(np.maximum(((means[:, None] - means[None]) ** 2).sum(axis=2), 0))
    names = [palette.names[k] for k in order]

    def draw(axes: Axes) -> None:
        heat(axes, table, names, "viridis", 0, float(table.max()) or 1, "distance")

    return Panel("Distances of class means", draw)


def _classes(examples: Examples, palette: Palette, most: int = MOST_CLASSES) -> list[int]:
    """The classes that the sample has, the most frequent ones, in their own order."""
    counts = np.bincount(examples.codes[examples.codes >= 0], minlength=palette.number)
    order = np.argsort(-counts, kind="stable")[:most]
    return sorted(int(k) for k in order if counts[k])
