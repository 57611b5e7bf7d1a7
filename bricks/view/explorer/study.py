"""All that is found out about a data set, before it becomes plots and a page."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from bricks.errors import UsageError
from bricks.view.explorer.attributes import Attribute, attributes_of, binned, information
from bricks.view.explorer.baselines import Baselines, baselines_of, why_not
from bricks.view.explorer.components import Components, Scale, components_of, scale_of
from bricks.view.explorer.duplicates import Duplicates, duplicates_of
from bricks.view.explorer.examples import Examples, examples_of
from bricks.view.explorer.neighbours import Neighbours, neighbours
from bricks.view.explorer.opening import Opened, opened
from bricks.view.explorer.options import Options
from bricks.view.explorer.panels import Palette
from bricks.view.explorer.passing import Seen, blocks, go_through
from bricks.view.explorer.roles import Roles, main_set, roles_of
from bricks.view.explorer.running import Counts
from bricks.view.explorer.steps import Steps
from bricks.view.explorer.summaries import vocabulary_of
from bricks.view.explorer.targets import Target, target_of


@dataclass
class Study:
    """What was found out.

    Parameters
    ----------
    opened : Opened
    options : Options
    main : str
        The set that is explored.
    roles : Roles
    target : Target or None
    seen : dict of str to Seen
    examples : Examples
        The sample of the main set.
    others : dict of str to Examples
        Those of the other sets that have the features.
    attributes : list of Attribute
        Of a table; else one for each column.
    bits : np.ndarray or None
        What each attribute tells of the target.
    palette : Palette or None
        Where the target is classes.
    scale : Scale
    Z : np.ndarray
        The sample in this scale.
    components : Components
    within : Neighbours or None
    between : dict of str to Neighbours
        From each other set to the main one.
    vocabulary : (np.ndarray, np.ndarray) or None
        Tokens and counts, of texts.
    duplicates : Duplicates
    equal_rows : list of Examples
        For each of `duplicates.groups`, its first two rows.
    baselines : Baselines or None
    no_baselines : str or None
        Why there are none.
    """

    opened: Opened
    options: Options
    main: str
    roles: Roles
    target: Target | None
    seen: dict[str, Seen]
    examples: Examples
    others: dict[str, Examples]
    attributes: list[Attribute]
    bits: np.ndarray | None
    palette: Palette | None
    scale: Scale
    Z: np.ndarray
    components: Components
    within: Neighbours | None
    between: dict[str, Neighbours]
    vocabulary: tuple[np.ndarray, np.ndarray] | None
    duplicates: Duplicates
    equal_rows: list[Examples] = field(default_factory=list)
    baselines: Baselines | None = None
    no_baselines: str | None = None

    @cached_property
    def telling(self) -> list[int]:
        """The attributes that tell most of the target first, or without one in their order; those that vary alone."""
        X = self.examples.X
        varied = [k for k, each in enumerate(self.attributes) if _varies(each.values(X))]
        return varied if self.bits is None else sorted(varied, key=lambda k: -self.bits[k])

    def class_counts(self) -> dict[str, list[int]]:
        """Of each set, how many examples (or steps) of each class were read."""
        if self.target is None or self.target.kind == "numbers" or not self.target.classes:
            return {}
        found = {}
        for name, seen in self.seen.items():
            if self.target.one_hot and self.roles.target in seen.running:
                running = seen.running[self.roles.target]
                found[name] = (running.mean * running.count).round().astype(int).tolist()
                continue
            counts = seen.counts.get(self.roles.target)
            if counts is not None and counts.of is not None:
                found[name] = [counts.of.get(value, 0) for value in self.target.values]
        own = self.examples.codes
        if not found or self.roles.target is None or sum(map(sum, found.values())) == 0:
            if own is not None:  # a column of the features: counted in the sample
                found = {self.main: np.bincount(own[own >= 0], minlength=len(self.target.classes)).tolist()}
        return found

    def class_of(self, examples: Examples, row: int) -> str:
        """What an example is, in a word: its class or its target; empty where it has none."""
        if examples.codes is not None and examples.codes[row] >= 0:
            return self.target.classes[examples.codes[row]]
        if examples.y is not None and np.isfinite(examples.y[row]):
            return f"{examples.y[row]:.4g}"
        return ""


def study(word: str, options: Options, steps: Steps, stack: ExitStack) -> Study:
    """Find out what there is to be found out.

    Parameters
    ----------
    word : str
        A file, or the name of a data set.
    options : Options
    steps : Steps
        Is told what is under way.
    stack : ExitStack
        Closes the files.
    """
    by_column = word.lower().endswith((".csv", ".csv.gz", ".arff"))
    with steps.step("opening"):
        found = opened(word, stack, target=options.target if by_column else None, seed=options.seed, lab=options.lab)
        main = main_set(found.sets, options.which_set)
        sources, titles = found.sets[main].sources, {k: v["columns"] for k, v in found.notes.items() if "columns" in v}
        roles = roles_of(sources, None if by_column else options.target, options.image, titles)
    with steps.step("reading", blocks(found.sets, found.chunk)) as advance:
        seen, hashes = go_through(
            found.sets, main=main, features=roles.features, target=roles.target, sample=options.sample,
            seed=options.seed, chunk=found.chunk, seconds=options.seconds,
            statistics_seconds=options.statistics_seconds, advance=advance,
        )  # fmt: skip
    with steps.step("sample, components and neighbours"):
        counts = [each.counts.get(roles.target, Counts()) for each in seen.values()]
        target = target_of(roles, sources, counts, found.notes, seen[main].sample, options.task)
        if by_column and target is not None and options.target is not None:
            target.name = options.target
        vocabulary = vocabulary_of(seen[main].sample[roles.features]) if roles.kind == "tokens" else None

        def made(name: str, batch, numbers) -> Examples:
            axes = found.sets[name].sources[roles.features].axes
            words = None if vocabulary is None else vocabulary[0]
            return examples_of(roles, target, batch, numbers, titles, options.image, words, axes)

        examples = made(main, seen[main].sample, seen[main].numbers)
        others = {
            name: made(name, each.sample, each.numbers)
            for name, each in seen.items()
            if name != main and roles.features in each.sample
        }
        others = {name: each for name, each in others.items() if each.X.shape[1] == examples.X.shape[1]}
        palette = None
        if target is not None and target.kind == "classes" and examples.codes is not None and target.classes:
            own = examples.codes[examples.codes >= 0]
            palette = Palette(target.classes, np.bincount(own, minlength=len(target.classes)).tolist())
        scale = scale_of(examples.X, alike=roles.kind == "images")
        Z = scale.apply(examples.X)
        components = components_of(Z)
        within = neighbours(Z, components.scores)
        between = {}
        for name, each in others.items():
            other_Z = scale.apply(each.X)
            near = neighbours(other_Z, other_Z @ components.directions.T, (Z, components.scores))
            if near is not None:
                between[name] = near
    with steps.step("attributes and duplicates"):
        table = roles.kind == "table"
        columns = examples.columns
        attributes = attributes_of(examples.X, columns) if table else [Attribute(c, [k]) for k, c in enumerate(columns)]
        duplicates = duplicates_of(hashes, [main, *others], target is not None and roles.target is not None)
        equal = [made(group[0][0], *_rows(found, group[:2])) for group in duplicates.groups]
        bits = _bits(examples, attributes)
    result = Study(
        found, options, main, roles, target, seen, examples, others, attributes, bits,
        palette, scale, Z, components, within, between, vocabulary, duplicates, equal,
    )  # fmt: skip
    _add_baselines(result, steps)
    return result


def _add_baselines(found: Study, steps: Steps) -> None:
    if not found.options.baselines:
        found.no_baselines = "Baselines were not asked for."
        return
    found.no_baselines = why_not(found.examples, found.target, found.options.folds)
    if found.no_baselines is None:
        with steps.step("baselines", 4 * found.options.folds) as advance:
            try:
                found.baselines = baselines_of(
                    found.examples, found.target, folds=found.options.folds, seed=found.options.seed, advance=advance
                )
            except UsageError as error:  # scikit-learn is missing
                found.no_baselines = f"{error}."


def _bits(examples: Examples, attributes: list[Attribute]) -> np.ndarray | None:
    """What each attribute tells of the target; None without one."""
    if examples.codes is None and examples.y is None:
        return None
    there = examples.codes >= 0 if examples.codes is not None else np.isfinite(examples.y)
    if not there.any():
        return None
    codes = examples.codes[there] if examples.codes is not None else binned(examples.y[there])
    X = examples.X[there]
    if all(each.words is None for each in attributes):
        return information(X[:, [each.columns[0] for each in attributes]], codes)
    values = np.stack([each.values(X) for each in attributes], axis=1)
    words = max(len(each.words or ()) for each in attributes)
    return information(values, codes, bins=max(12, min(words, 100)))


def _varies(values: np.ndarray) -> bool:
    there = values[np.isfinite(values)]
    return len(there) > 0 and bool(there.min() < there.max())


def _rows(found: Opened, group: list[tuple[str, int]]):
    """The first rows of a group of equal ones, wherever they are: a batch, and their numbers."""
    parts = [found.sets[name].read(np.array([number])) for name, number in group]
    batch = {name: np.concatenate([part[name] for part in parts]) for name in parts[0] if all(name in p for p in parts)}
    return batch, np.array([number for _, number in group])
