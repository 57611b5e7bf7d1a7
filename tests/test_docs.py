"""The pages of docs/: their code runs and prints what they show, their commands and links lead somewhere."""

import re
import shlex
import subprocess
import sys
import types
from pathlib import Path

import pytest
from docs_pages import (
    DOCS,
    PAGES,
    REPOSITORY,
    Place,
    anchors_of,
    blocks_of,
    check_command,
    commands_in,
    differences,
    links_in,
    smaller,
)

import bricks
from bricks import data, initialization, layers, roles, training
from bricks.__main__ import VERBS
from bricks.engine.flags import MODES, OWN, parse
from bricks.gated import WIRINGS
from bricks.training.config import ALGORITHM_OPTIONS
from bricks.training.settings import Training
from bricks.training.step_rules import RULES

RUNNING = [name for name, path in PAGES.items() if "```python" in path.read_text(encoding="utf-8")]
READ = {"README.md": REPOSITORY / "README.md"} | {f"docs/{name}": path for name, path in PAGES.items()}


def run_page(name: str, folder: Path, full: bool) -> None:
    text = PAGES[name].read_text(encoding="utf-8")
    less = {} if full else smaller(text)
    place = Place(folder, less)
    for block in blocks_of(text):
        try:
            printed = place.run(block, name)
        except BaseException as error:
            error.add_note(f"docs/{name}, line {block.line}")
            raise
        if block.shown is not None and printed is not None and not place.used:  # else something is smaller than shown
            found = differences(block.shown, printed, block.about)
            assert not found, f"docs/{name}, line {block.line}: {found}"
    assert place.used == set(less), f"docs/{name}: nothing is called {set(less) - place.used}, to be smaller"


@pytest.mark.parametrize("name", RUNNING)
def test_code_of_a_page_runs(name, tmp_path):
    run_page(name, tmp_path, full=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in RUNNING if smaller(PAGES[name].read_text(encoding="utf-8"))])
def test_code_of_a_page_runs_in_full(name, tmp_path):
    run_page(name, tmp_path, full=True)


@pytest.mark.parametrize("name", READ)
def test_commands_of_a_page_are_there(name):
    text = READ[name].read_text(encoding="utf-8")
    if any(block.file for block in blocks_of(text)):
        return  # of a lab of the page's own, in which they run
    indented = [line for line in text.splitlines() if line.startswith("    ")]
    inline = re.findall(
        r"`((?:python|make) [^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL).replace("\n", " ")
    )
    fenced = [block.code for block in blocks_of(text) if block.language == "sh"]
    for line in "\n".join([*indented, *inline, *fenced]).splitlines():
        try:
            found = commands_in(line)
        except ValueError:  # an apostrophe in something that is no command
            continue
        for words in found:
            try:
                check_command([word for word in words if word != "..."])
            except BaseException as error:
                error.add_note(f"{name}: {shlex.join(words)}")
                raise


@pytest.mark.parametrize("name", READ)
def test_links_of_a_page_lead_somewhere(name):
    for target in links_in(READ[name].read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", path):
            assert path.startswith("https:"), f"{name}: {target} is no address of the web"
            continue
        found = READ[name].parent / path if path else READ[name]
        assert found.exists(), f"{name}: {target} leads nowhere"
        assert not anchor or anchor in anchors_of(found.read_text(encoding="utf-8")), f"{name}: {target} has no heading"


def test_every_page_is_in_the_contents():
    listed = {"index"}
    for name, path in PAGES.items():
        for tree in re.findall(
            r"^```\{toctree\}\n(.*?)^```", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
        ):
            folder = Path(name).parent
            listed |= {str(folder / line) for line in tree.splitlines() if line and not line.startswith(":")}
    assert listed == {name.removesuffix(".md") for name in PAGES}


def test_flags_in_a_page_are_flags(recwarn):
    for name, path in READ.items():
        for text in re.findall(r"THEANO_FLAGS=([\w.]+=[^ `\n]*)", path.read_text(encoding="utf-8")):
            parse(text.rstrip(".,;:"))
            assert not recwarn.list, f"{name}: {text}: {recwarn.list[0].message}"


def of(room, base: type) -> list[str]:
    """Names of a room's classes of a kind."""
    found = {name: getattr(room, name) for name in dir(room) if not name.startswith("_")}
    return [n for n, v in found.items() if isinstance(v, type) and issubclass(v, base) and v is not base]


TABLES = {
    "api/bricks.md": bricks.__all__,
    "api/gated.md": ["WIRINGS"],
    "api/graph.md": [role.name for role in vars(roles).values() if isinstance(role, roles.Role)],
    "commands.md": VERBS,
    "data.md": [name for name in data.__all__ if name.endswith(("Scheme", "Buckets"))],
    "flags.md": [*OWN, *MODES.values()],
    "gated-units.md": WIRINGS,
    "training.md": set(of(training, training.Extension)) - {"Saving"},
    "tutorial/bricks.md": [
        *(set(layers.__all__) - {"Activation", "apply_noise"}),
        *of(initialization, initialization.Initializer),
    ],
    "tutorial/gates.md": WIRINGS,
    "tutorial/lab.md": [*Training.model_fields, *ALGORITHM_OPTIONS],
    "tutorial/training.md": [*RULES, *of(training, training.StepRule)],
}


@pytest.mark.parametrize("name", TABLES)
def test_a_page_names_all_that_there_are(name):
    text = PAGES[name].read_text(encoding="utf-8")
    missing = set(TABLES[name]) - set(re.findall(r"\w+", text)) - set(re.findall(r"\w+\.\w+", text))
    assert not missing, f"docs/{name}: says nothing of {', '.join(sorted(missing))}"


def test_the_reference_has_every_room():
    text = "".join(path.read_text(encoding="utf-8") for name, path in PAGES.items() if name.startswith("api/"))
    rooms = {name for name in bricks.__all__ if isinstance(getattr(bricks, name), types.ModuleType)}
    assert {f"bricks.{room}" for room in rooms} <= set(re.findall(r"automodule:: (\S+)", text))


@pytest.mark.slow
def test_pages_are_built_without_a_warning_and_ask_the_network_for_nothing(tmp_path):
    sphinx = [sys.executable, "-m", "sphinx", "-q", "-W", "-E", "-d", tmp_path / "trees", DOCS, tmp_path / "html"]
    pytest.importorskip("sphinx", reason="pages are built where the extra 'docs' is installed")
    built = subprocess.run(sphinx, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    pages = list(tmp_path.glob("html/**/*.html"))
    assert len(pages) > len(PAGES)
    for page in pages:
        assert not fetched_by(page.read_text(encoding="utf-8")), page.name
    for style in tmp_path.glob("html/**/*.css"):
        assert not re.search(r"(@import|url\()\s*['\"]?(https?:)?//", style.read_text(encoding="utf-8")), style.name
    for room in ("data", "engine", "gated", "graph", "layers", "training", "view"):  # what is exported lazily too
        text, module = (tmp_path / "html" / "api" / f"{room}.html").read_text(), getattr(bricks, room)
        described = [name for name in module.__all__ if callable(getattr(module, name))]
        assert [name for name in described if f'id="bricks.{room}.{name}"' not in text] == []


def fetched_by(html: str) -> list[str]:
    """What a browser would fetch from elsewhere as it shows a page; links are for whoever follows them."""
    tags = re.findall(r"<(?:script|link|img|iframe|source|video|object)\b[^>]*>", html)
    return [tag for tag in tags if re.search(r"(?:src|href|data)\s*=\s*[\"']?(?:https?:)?//", tag)]
