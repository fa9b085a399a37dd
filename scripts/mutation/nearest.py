"""Finds the tests that are nearest to a file, going up from importer to importer until there are some."""

import re
from collections import Counter
from pathlib import Path

DEFINED = re.compile(r"^\s*(?:async )?(?:def|class) ([A-Za-z]\w+)", re.MULTILINE)
SHARED_BY = 3
"""A name that more files than these define says nothing about who calls it."""

Texts = dict[Path, str]
Reasons = dict[Path, str]


def find_nearest(root: Path, file: Path) -> Reasons:
    """Return files of tests with the reason for each: they are named after it, import it, or call what it defines."""
    src = root / "src"
    texts = {each.relative_to(src): each.read_text() for each in sorted(src.rglob("*.py"))}
    tests = {each.relative_to(root): each.read_text() for each in sorted((root / "tests").rglob("test_*.py"))}
    module = file.relative_to(src)
    near = of_rooms(module, tests) | of_module(module, "it", tests)
    return near or callers(module, texts, tests) | of_importers(module, texts, tests)


def of_importers(module: Path, texts: Texts, tests: Texts) -> Reasons:
    """Return the tests of the nearest modules that import one, and those of its layer if they are all in others."""
    near, seen = {module: "it"}, {module}
    while near:
        near = {each: f"{dotted(each)}, which imports {near[of]}" for of in near for each in users(of, texts)}
        near = {each: chain for each, chain in near.items() if each not in seen}
        seen |= set(near)
        found = {test: why for each, chain in near.items() for test, why in of_module(each, chain, tests).items()}
        if found:
            return found if any(layer(each) == layer(module) for each in near) else found | of_layer(module, tests)
    return {}


def of_module(module: Path, chain: str, tests: Texts) -> Reasons:
    name = dotted(module).rpartition(".")[2]
    named = {each: f"is named after {chain}" for each in tests if is_named(each, name) and layer(module) in each.parts}
    return dict.fromkeys(importers(module, tests), f"imports {chain}") | named


def of_rooms(module: Path, tests: Texts) -> Reasons:
    rooms = module.parts[2:-1]
    return {each: f"is named after the room {room}" for room in rooms for each in tests if is_named(each, room)}


def of_layer(module: Path, tests: Texts) -> Reasons:
    folder = Path("tests", "unit", layer(module))
    return {each: f"is in {folder}" for each in tests if each.is_relative_to(folder)}


def callers(module: Path, texts: Texts, tests: Texts) -> Reasons:
    """Return the tests that call something by a name that hardly any other file defines."""
    defined = Counter(name for text in texts.values() for name in set(DEFINED.findall(text)))
    names = sorted(name for name in set(DEFINED.findall(texts[module])) if defined[name] <= SHARED_BY)
    called = re.compile(rf"\b({'|'.join(names)})\(") if names else re.compile(r"(?!)")
    found = {each: sorted(set(called.findall(text))) for each, text in tests.items()}
    return {each: f"calls {', '.join(names)}" for each, names in found.items() if names}


def users(module: Path, texts: Texts) -> list[Path]:
    """Return the modules that import another one; a package that hands it on only where nobody else imports it."""
    found = importers(module, texts)
    return [each for each in found if each.name != "__init__.py"] or found


def importers(module: Path, texts: Texts) -> list[Path]:
    importing = re.compile(import_of(module), re.MULTILINE)
    return [each for each, text in texts.items() if importing.search(text)]


def is_named(test: Path, name: str) -> bool:
    return re.fullmatch(rf"test_{name}(s|es|_\w+)?", test.stem) is not None


def layer(module: Path) -> str:
    return Path(module.parts[1]).stem


def import_of(module: Path) -> str:
    package, _, name = map(re.escape, dotted(module).rpartition("."))
    whole = rf"{package}\.{name}" if package else name
    inside = rf"|from {package} import [^\n]*\b{name}\b" if package else ""
    return rf"^\s*(from {whole} import|import {whole}\b(?!\.){inside})"


def dotted(module: Path) -> str:
    parts = module.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
