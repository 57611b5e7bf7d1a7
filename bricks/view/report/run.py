"""The report of one run: its sections, put together as a page."""

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bricks.view import page
from bricks.view.page import Section
from bricks.view.report import (
    appendix,
    classes,
    curves,
    filters,
    gates,
    head,
    mistakes,
    model,
    norms,
    regression,
)
from bricks.view.report.material import Material, said

_SECTIONS: dict[str, Callable] = {
    "Curves": curves.section,
    "Model": model.section,
    "Classes": classes.section,
    "Most confident mistakes": mistakes.section,
    "Predictions": regression.section,
    "First-layer filters": filters.section,
    "Gates": gates.sections,
    "Gradients and activations": norms.section,
    "Repeat": head.section,
    "Config, versions, log": appendix.section,
}

logger = logging.getLogger("bricks")


def report_run(folder: Path, progress: Callable[[str], None] = lambda _: None) -> str:
    """The page of a run.

    Parameters
    ----------
    folder : Path
        The run directory, also of a run that goes on, was killed, or lost its lab or its data: what is missing is said.
    progress : callable, optional
        Is told what is being done.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> row = '{"epoch": %d, "iteration": 5, "train_cost": 0.5}\\n'
    >>> _ = (folder / "log.jsonl").write_text(row % 1 + row % 2)
    >>> text = report_run(folder)
    >>> "Curves" in text, "config.yaml can&#39;t be read" in text
    (True, True)
    """
    progress("reading the run")
    material = Material(folder)
    sections: list[Section] = []
    for title, make in _SECTIONS.items():
        progress(title.lower())
        try:
            made = make(material)
        except Exception as error:  # of one section, for models are anybody's code: the others are still of use
            logger.warning("report of %s: %s is left out: %s", material.title, title, said(error))
            logger.debug("why", exc_info=True)
            made = Section(title, [page.note(f"Left out, for it could not be made: {said(error)}.")])
        sections += made if isinstance(made, list) else [] if made is None else [made]
    if material.missing:
        sections.insert(0, Section("Not there", [page.note(line) for line in dict.fromkeys(material.missing)]))
    trained, streams = material.trained, material.streams
    count = sum(int(np.prod(v.type.shape)) for v in trained.model.parameters.values()) if trained else None
    examples = streams["train"].num_examples if streams else None
    facts = head.facts(material, count, examples)
    return page.page(material.title, sections, lead=head.lead(material), facts=facts)
