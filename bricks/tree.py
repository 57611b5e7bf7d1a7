"""The tree that bricks form: names, paths, parents and children.

A brick belongs to one parent at most. Among siblings, parameters included, names differ: those given by hand
are kept, those given by default make way with `_1`, `_2`, ...
"""

import re
from collections.abc import Iterable, Iterator

from bricks.errors import UsageError


class Node:
    """Something with a name in a tree; a brick's part that knows of nothing but the tree.

    Parameters
    ----------
    name : str, optional
        By default the class's name in lowersnake_case.
    """

    def __init__(self, name: str | None = None):
        kind = type(self).__name__
        self._named = name is not None
        self._name = snake_case(kind) if name is None else legal_name(kind, name)
        self._parent: Node | None = None
        self._children: list[Node] = []

    @property
    def name(self) -> str:
        return self._name

    def suggest_name(self, name: str) -> None:
        """A better default name than the class's; a name given by hand stays."""
        if not self._named and self._parent is None:
            self._name = legal_name(self._name, name)

    @property
    def path(self) -> str:
        """Names from the root to here: `mlp/linear_0`."""
        return "/".join(brick.name for brick in reversed(list(self._upwards())))

    @property
    def parent(self) -> "Node | None":
        return self._parent

    @property
    def root(self) -> "Node":
        """The brick at the top of the tree, perhaps this one."""
        return list(self._upwards())[-1]

    @property
    def children(self) -> tuple["Node", ...]:
        """Bricks inside this one. Set once, in the constructor; `add_child` adds more."""
        return tuple(self._children)

    @children.setter
    def children(self, bricks: Iterable["Node"]) -> None:
        if self._children:
            raise UsageError(f"{self.path}: children can be set only once; add more with add_child")
        self._adopt(list(dict.fromkeys(bricks)))

    def add_child(self, brick: "Node") -> "Node":
        """Adopt `brick` and give it back."""
        self._adopt([brick])
        return brick

    def walk(self) -> Iterator["Node"]:
        """This brick and all below it, parents first."""
        yield self
        for child in self._children:
            yield from child.walk()

    def _upwards(self) -> Iterator["Node"]:
        brick: Node | None = self
        while brick is not None:
            yield brick
            brick = brick._parent

    def _adopt(self, bricks: list["Node"]) -> None:
        for brick in bricks:
            self._check_adoptable(brick)
        taken = {brick.name for brick in self._children} | self._reserved_names()
        names = {}
        # Names given by hand are settled first; default ones make way for them.
        for brick in sorted(bricks, key=lambda brick: not brick._named):
            name, n = brick._name, 0
            while name in taken:
                if brick._named:
                    raise UsageError(
                        f"{self.path}: names of children and parameters must be unique, got {name!r} twice; "
                        "give one of them another name"
                    )
                n += 1
                name = f"{brick._name}_{n}"
            taken.add(name)
            names[brick] = name
        for brick, name in names.items():
            brick._name, brick._parent = name, self
        self._children.extend(bricks)
        for brick in bricks:
            for below in brick.walk():
                below._settle()

    def _reserved_names(self) -> set[str]:
        """Names that children cannot have."""
        return set()

    def _settle(self) -> None:
        """Called when what is above this node has changed."""

    def _check_adoptable(self, brick) -> None:
        if not isinstance(brick, Node):
            example = f"; write {brick.__name__}(...)" if isinstance(brick, type) else ""
            raise UsageError(f"{self.path}: children must be bricks, got {brick!r}{example}")
        if brick in self._upwards():
            raise UsageError(f"{self.path}: cannot adopt {brick.path}, which it is itself or belongs to")
        if brick.parent is not None:
            raise UsageError(
                f"{self.path}: cannot adopt {brick.path}, which has a parent already; make a second brick, "
                "or apply the one in both places without adopting it"
            )


def legal_name(who: str, name: str) -> str:
    """`name`, if it can be a part of a path."""
    if not isinstance(name, str) or not name or "/" in name:
        raise UsageError(f"{who}: a name must be text without '/', which separates the parts of a path, got {name!r}")
    return name


def snake_case(name: str) -> str:
    """A class's name as a default name: `MLP` and `BatchNormalization` as `mlp` and `batch_normalization`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
