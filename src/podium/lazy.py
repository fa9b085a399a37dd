"""Modules that are imported when something of them is first used: what is not used costs nothing at the start.

The names stand under `if TYPE_CHECKING` as ordinary imports as well, so type checkers and import-linter see them.
"""

import gc
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType


class _Module(ModuleType):
    """Stands for a module, and imports it when it is first asked for something."""

    def __getattr__(self, name: str) -> object:
        return getattr(import_module(self.__name__), name)


class _Package(ModuleType):
    """A package that imports the files of what it exports when each is first asked for."""

    _places: Mapping[str, str]

    def __getattr__(self, name: str) -> object:
        place = self._places.get(name)
        if place is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        value = self.__dict__[name] = getattr(import_module(place), name)
        return value

    def __setattr__(self, name: str, value: object) -> None:
        """Set a name; a file named after what it exports does not hide that when Python binds the file here."""
        if isinstance(value, ModuleType) and name in self._places:
            value = getattr(value, name)
        super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._places})


def module(name: str) -> ModuleType:
    """Return a module that is imported when something of it is first used."""
    return _Module(name)


def exports(package: str, names: Mapping[str, str]) -> None:
    """Have a package load its names when they are first asked for: by module, the names to be found there."""
    found = sys.modules[package]
    found.__class__ = _Package
    vars(found)["_places"] = {name: place for place, listed in names.items() for name in listed.split()}


@contextmanager
def importing() -> Generator[None]:
    """Collect no garbage in a block that imports much, and none of what that leaves: all of it stays.

    The collector would go through all modules several times while they are imported, and again and again afterwards.
    """
    is_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if is_on:
            gc.enable()
