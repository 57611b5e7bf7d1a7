"""Pages of docs/ for tests: their code blocks in order, and a place where these run one after the other.

    ```python            runs; blocks of a page share names
    ```text              right after a block: what that one prints (`...` is anything, numbers are as exact as written)
    ```text about        the same, but for its numbers: they depend on roundings, or on the clock
    # models/rings.py    as the first line of a block: it is that file of the page's lab, and is not run
    ```sh                lines with `train.py` or `python -m bricks` run where the page has a lab; else they are checked
    ```py                what somebody else's library would say: not run

A page may say what is smaller in a quick run, constants and keys of configs:
`<!-- smoke: epochs=1 training.epochs=1 -->`.
"""

import ast
import contextlib
import io
import re
import shlex
import shutil
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
DOCS = REPOSITORY / "docs"
PAGES = {str(path.relative_to(DOCS)): path for path in sorted(DOCS.rglob("*.md")) if "_build" not in path.parts}

_BLOCK = re.compile(r"^```(\w+)( about)?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"# ((?:models|datasets|configs)/\w+\.(?:py|yaml))")
_SMOKE = re.compile(r"<!-- smoke: (.*?) -->")
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.(\d*))?(?:e([-+]?\d+))?")
_NUMBER_OF_ANY_FORM = r"-?\d+(?:\.\d*)?(?:e[-+]?\d+)?"
_RUN = re.compile(r"\bRUN\b|runs/\w+/\d{8}-\d{6}")


@dataclass
class Block:
    """A fenced block: its language, what is in it, the line it begins in, and what it prints, if the page shows that.

    `about`: of what is shown the numbers don't count.
    """

    language: str
    code: str
    line: int
    shown: str | None = None
    about: bool = False

    @property
    def file(self) -> str | None:
        """The file of the lab that it is."""
        found = _FILE.match(self.code)
        return found[1] if found and self.language in ("python", "yaml") else None


def blocks_of(text: str) -> list[Block]:
    """The blocks of a page; those of text that show an output belong to the block before."""
    found: list[Block] = []
    end = 0
    for match in _BLOCK.finditer(text):
        adjoining = found and not text[end : match.start()].strip()
        if match[1] == "text" and adjoining and found[-1].language in ("python", "sh"):
            found[-1].shown, found[-1].about = match[3], bool(match[2])
        else:
            found.append(Block(match[1], match[3], text.count("\n", 0, match.start()) + 2))
        end = match.end()
    return found


def smaller(text: str) -> dict[str, str]:
    """What the page says is smaller in a quick run."""
    found = _SMOKE.search(text)
    return dict(word.split("=", 1) for word in found[1].split()) if found else {}


@dataclass
class Place:
    """Where the blocks of a page run: a folder, names, and what is smaller; `used` is what of that was met."""

    folder: Path
    smaller: dict[str, str] = field(default_factory=dict)
    names: dict = field(default_factory=lambda: {"__name__": "__main__"})
    used: set[str] = field(default_factory=set)

    def run(self, block: Block, page: str) -> str | None:
        """Run a block; what it printed. None where it is not run, but checked."""
        if block.file:
            return self._write(block)
        if block.language == "sh" and not self.has_lab:
            for words in commands_in(block.code):
                check_command(words)
            return None
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.chdir(self.folder):
            if block.language == "python":
                exec(self._compiled(block, page), self.names)
            elif block.language == "sh":
                for words in commands_in(block.code):
                    self._command(words)
        return printed.getvalue()

    @property
    def has_lab(self) -> bool:
        """Whether the page has written a config by now."""
        return (self.folder / "configs").is_dir()

    def _write(self, block: Block) -> None:
        for room in ("models", "datasets", "configs"):
            (self.folder / room).mkdir(exist_ok=True)
        shutil.copy(REPOSITORY / "train.py", self.folder)
        (self.folder / block.file).write_text(block.code, encoding="utf-8")

    def _compiled(self, block: Block, page: str):
        tree = ast.parse("\n" * (block.line - 1) + block.code, page)
        for node in ast.walk(tree):
            name = node.targets[0].id if isinstance(node, ast.Assign) and _is_constant(node) else None
            if name in self.smaller:
                node.value = ast.copy_location(ast.Constant(ast.literal_eval(self.smaller[name])), node.value)
                self.used.add(name)
        return compile(tree, page, "exec")

    def _command(self, words: list[str]) -> None:
        """Run it in the page's own lab."""
        runs = sorted(self.folder.glob("runs/*/*"), key=lambda path: path.stat().st_ctime_ns)
        words = [_RUN.sub(str(runs[-1]) if runs else "RUN", word) for word in words]
        if words[0] == "train.py":
            from bricks.training.command import main

            keys = [f"{key}={value}" for key, value in self.smaller.items() if "." in key]
            trains = any(not word.startswith("-") and "=" not in word for word in words[1:]) and "--check" not in words
            self.used |= {key.partition("=")[0] for key in keys if trains}
            assert main([*words[1:], *(keys if trains else [])], self.folder) == 0, words
        elif words[0] == "bricks":
            from bricks.__main__ import main

            assert main(words[1:]) == 0, words


def _is_constant(node: ast.Assign) -> bool:
    return isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.Constant)


def commands_in(text: str) -> list[list[str]]:
    """Commands of ours in a block: ["train.py", ...], ["bricks", VERB, ...] or ["make", TARGET]; flags are left out."""
    found = []
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            words = words[1:]
        if words[:2] == ["python", "train.py"]:
            found.append(words[1:])
        elif words[:3] == ["python", "-m", "bricks"]:
            found.append(words[2:])
        elif words[:1] == ["make"]:
            found.append(words)
    return found


def check_command(words: list[str]) -> None:
    """That the verb, the options, the config and the keys of a command are there; nothing is trained."""
    if words[0] == "make":
        targets = re.findall(r"^([\w-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
        assert words[1] in targets, f"the Makefile has no target {words[1]}"
    elif words[0] == "bricks":
        _parse_verb(words[1:])
    else:
        from bricks.training import config as configs
        from bricks.training.command import _parse
        from bricks.training.lab import Lab

        asked = _parse(words[1:])
        if asked.config not in (None, "CONFIG"):
            lab = Lab(REPOSITORY)
            configs.read(lab.config_path(asked.config), lab, asked.overrides)


def _parse_verb(words: list[str]) -> None:
    import importlib

    from bricks.__main__ import VERBS
    from bricks.command_line import Parser
    from bricks.errors import UsageError

    if words[0].startswith("-") or words[0] == "VERB":
        return
    assert words[0] in VERBS, f"python -m bricks has no verb {words[0]!r}"
    parser = Parser(prog=words[0])
    importlib.import_module(VERBS[words[0]][0]).add_arguments(parser)
    try:
        parser.parse_intermixed_args(words[1:])
    except UsageError as error:
        if "arguments are required" not in str(error):  # what is said in passing need not be all of a command
            raise


def differences(shown: str, printed: str, about: bool = False) -> str | None:
    """How what was printed differs from what the page shows; None where it does not."""
    shown, printed = " ".join(shown.split()), " ".join(printed.split())
    pattern, end = "", 0
    for number in _NUMBER.finditer(shown):
        pattern += f"{_literal(shown[end : number.start()])}({_NUMBER_OF_ANY_FORM})"
        end = number.end()
    found = re.fullmatch(pattern + _literal(shown[end:]), printed, re.DOTALL)
    if found is None:
        return f"shown:\n{shown}\nprinted:\n{printed}"
    if about:
        return None
    pairs = zip(_NUMBER.finditer(shown), found.groups(), strict=True)
    return "; ".join(f"{a[0]} is shown, {b} was printed" for a, b in pairs if not _alike(a, float(b))) or None


def _literal(text: str) -> str:
    return ".*?".join(re.escape(part) for part in text.split("..."))


def _alike(shown: re.Match, printed: float) -> bool:
    """Whole numbers exactly, others to the last digit that is written."""
    digits, exponent = shown[1], shown[2]
    step = 10.0 ** (int(exponent or 0) - len(digits or "")) if digits or exponent else 0.0
    return abs(float(shown[0]) - printed) <= 1.01 * step


def links_in(text: str) -> list[str]:
    """Targets of a page's links and pictures, those in code left out."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "code", prose))


def anchors_of(text: str) -> set[str]:
    """Of a page's headings, as GitHub and Sphinx make them."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}
