"""The explorer as a whole: from a name to a page and a picture of its sixteen plots."""

from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from bricks.view import page
from bricks.view.explorer import baseline_page, sections
from bricks.view.explorer.baselines import interval
from bricks.view.explorer.choice import panels_of
from bricks.view.explorer.findings import findings_of
from bricks.view.explorer.options import Options
from bricks.view.explorer.panels import at_once
from bricks.view.explorer.steps import Steps, one_thread
from bricks.view.explorer.study import Study, study


@dataclass
class Explored:
    """What the explorer made.

    Parameters
    ----------
    title : str
    page : str
        HTML.
    figure : Figure
        The sixteen plots.
    findings : list of str
        What to look at first.
    study : Study
        The numbers behind it.
    """

    title: str
    page: str
    figure: Figure
    findings: list[str]
    study: Study

    def _repr_html_(self) -> str:
        from bricks.view import figures

        return page.fragment(page.figure(figures.svg(self.figure, self.title)), page.bullets(self.findings))


def explore(word: str, options: Options | None = None, *, steps: Steps | None = None, command: str = "") -> Explored:
    """Explore a file or a data set.

    Parameters
    ----------
    word : str
        A file, `.hdf5`, `.h5`, `.csv`, `.csv.gz` or `.arff`; or the name of a data file in a data folder, or of a
        data set of the lab.
    options : Options, optional
    steps : Steps, optional
        Is told what is under way.
    command : str
        What the page says it was made by.

    Returns
    -------
    Explored

    Raises
    ------
    UsageError, DataError
        There is nothing of that name; it is damaged or empty; an option does not fit it.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "flowers.csv"
    >>> _ = path.write_text("size,class\\n" + "".join(f"{k},{'ab'[k % 2]}\\n" for k in range(20)))
    >>> explored = explore(str(path), Options(baselines=False))
    >>> explored.title, explored.study.target.classes
    ('flowers', ['a', 'b'])
    """
    options, steps = options or Options(), steps or Steps()
    with ExitStack() as stack, one_thread():
        found = study(word, options, steps, stack)
        with steps.step("plots"):
            first, further = panels_of(found)
            title = found.opened.title if len(found.seen) == 1 else f"{found.opened.title}: {found.main}"
            figure = at_once(first, title, found.palette)
            plots = sections.plots(found, first, further)
        told = findings_of(found)
        short = [page.shortened(sentence, 300) for sentence in told]
        text = page.page(
            page.shortened(found.opened.title, 100),
            [
                page.Section("At a glance", [page.bullets(short)] if short else []),
                sections.sets_and_sources(found),
                sections.classes(found),
                *plots,
                sections.rows_apart(found),
                baseline_page.section(found),
                sections.made(found, steps.taken, command or f"python -m bricks explore {word}"),
            ],
            lead=found.opened.about,
            facts=_facts(found),
        )
    return Explored(found.opened.title, text, figure, told, found)


def _facts(found: Study) -> dict[str, object]:
    facts: dict[str, object] = {}
    for name, seen in list(found.seen.items())[:4]:
        facts[f"examples in {page.shortened(name, 24)}"] = seen.examples
    shape = found.opened.sets[found.main].sources[found.roles.features].shape
    facts["an example"] = " x ".join("any" if size is None else str(size) for size in shape) or "a number"
    if found.target is not None and found.target.kind == "classes":
        facts["classes"] = len(found.target.classes)
    facts["equal rows"] = sum(found.duplicates.within.values()) + sum(found.duplicates.between.values())
    if found.baselines is not None:
        best = found.baselines.best
        mean, half = interval(best.scores)
        if found.target.kind == "classes":
            facts["error of the best baseline"] = f"{100 * mean:.1f} ± {100 * half:.1f} %"
        else:
            facts["R² of the best baseline"] = f"{np.mean(best.r2):.2f}"
    return facts
