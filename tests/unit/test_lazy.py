"""What is loaded when it is first used is what it would have been otherwise."""

import ast
import gc
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import podium
from podium import lazy, patterns, testing

NAME = "made_for_this_test"


def imports_for_type_checkers(package: ModuleType) -> dict[str, str]:
    """Return by name where a package's block for type checkers imports it from."""
    (block,) = [node for node in ast.parse(Path(package.__file__ or "").read_text()).body if isinstance(node, ast.If)]
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    return {alias.name: node.module or "" for node in imports for alias in node.names}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    folder = tmp_path / NAME
    folder.mkdir()
    table = {f"{NAME}.same": "same other", f"{NAME}.missing": "gone"}
    (folder / "__init__.py").write_text(f"from podium import lazy\nlazy.exports(__name__, {table!r})\n")
    (folder / "same.py").write_text("def same(): return 'the function'\nother = object()\n")
    (folder / "plain.py").write_text("")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    yield NAME
    for name in [each for each in sys.modules if each.split(".")[0] == NAME]:
        del sys.modules[name]


@pytest.mark.parametrize("exporting", [podium, patterns, testing], ids=lambda each: each.__name__)
def test_what_type_checkers_see_is_what_is_loaded(exporting: ModuleType) -> None:
    assert imports_for_type_checkers(exporting) == vars(exporting)["_places"]


def test_a_name_is_loaded_when_it_is_asked_for(package: str) -> None:
    module = import_module(package)
    assert f"{package}.same" not in sys.modules
    assert module.other is sys.modules[f"{package}.same"].other
    assert "other" in vars(module)


def test_a_file_does_not_hide_what_it_is_named_after(package: str) -> None:
    import_module(f"{package}.same")  # binds the file in its package
    assert import_module(package).same() == "the function"


def test_a_file_that_is_not_exported_is_bound_as_ever(package: str) -> None:
    plain = import_module(f"{package}.plain")
    assert import_module(package).plain is plain


def test_an_unknown_name_is_an_attribute_error(package: str) -> None:
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nope'"):
        _ = import_module(package).nope


def test_what_is_exported_is_listed(package: str) -> None:
    assert {"same", "other", "gone"} <= set(dir(import_module(package)))


def test_a_module_is_imported_when_something_of_it_is_used(package: str) -> None:
    module = lazy.module(f"{package}.same")
    assert f"{package}.same" not in sys.modules
    assert module.same() == "the function"


def test_a_module_that_is_missing_is_told_when_it_is_used() -> None:
    module = lazy.module(f"{NAME}_nowhere")
    with pytest.raises(ModuleNotFoundError, match=f"{NAME}_nowhere"):
        _ = module.anything


@pytest.fixture
def collector() -> Iterator[None]:
    was = gc.isenabled()
    yield
    gc.unfreeze()
    (gc.enable if was else gc.disable)()


@pytest.mark.parametrize("is_on", [True, False])
@pytest.mark.usefixtures("collector")
def test_what_a_block_of_imports_leaves_is_never_looked_through_again(*, is_on: bool) -> None:
    (gc.enable if is_on else gc.disable)()
    with lazy.importing():
        assert not gc.isenabled()
        kept = [object()]
    assert gc.isenabled() is is_on
    assert [each for each in gc.get_objects() if each is kept] == []
