"""The pages of docs/: their code runs and prints what they show, their commands and links lead somewhere."""

import re
import shlex
from pathlib import Path

import pytest
from docs_pages import PAGES, REPOSITORY, Place, blocks_of, check_command, commands_in, differences, smaller

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
        if block.shown is not None and not less:
            assert not (found := differences(block.shown, printed, block.about)), (
                f"docs/{name}, line {block.line}: {found}"
            )
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
