"""What must not be in any file of the repository."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOT_OURS = {".data", ".git", ".venv", ".hypothesis", "node_modules", "dist", "build", "__pycache__"}
"""Folders, and in a work tree of its own the file `.git`, which says where that is kept."""
IN_BYTES = (".db", ".db-wal", ".db-shm", ".pyc")
CACHE = re.compile(r"^\..*_cache$")
LOCK_FILES = {"package-lock.json", "pnpm-lock.yaml", "uv.lock", "yarn.lock"}

FORBIDDEN = {
    "a secret": r"\bsk-[A-Za-z0-9_-]{20,}|\bAKIA[0-9A-Z]{16}\b|\bgh[opsu]_[A-Za-z0-9]{36}|\bgithub_pat_\w{20,}"
    r"|\bxox[abprs]-[\w-]{10,}|\bAIza[\w-]{35}|\bpypi-AgE[\w-]{20,}|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.",
    "a path of one machine": r"(?<![\w.~*-])/(?:home|Users|root|work|workspace|mnt)/[a-z]"
    r"|\b[A-Z]:\\Users\\|\.\./shared\b",
    "the address of a registry": r"\bpypi[.]org/simple|\bfiles[.]pythonhosted\b|\bregistry[.]npmjs\b|\bdeb[.]debian\b",
    "a note to ourselves": r"\b(?:T[O]DO|F[I]XME|H[A]CK)\b",
    "how it was made": r"(?i)\bco-authored[-]by\b|\b(?:generated|written) (?:by|with) (?:an? )?"
    r"(?:ai|llm|language model|claude|chatgpt|copilot|codex)\b",
}
EMPTY_NOUN = re.compile(r"^class \w*(?:Manager|Helper|Utils?|Base|Impl|Data|Info)\b", re.MULTILINE)
EMPTY_FILE_NAMES = {"common.py", "helpers.py", "misc.py", "util.py", "utils.py"}


def files(folder: Path = ROOT) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in NOT_OURS and not CACHE.match(name)]
        ours = [name for name in names if name not in NOT_OURS and not name.endswith(IN_BYTES)]
        yield from (Path(parent, name) for name in ours)


def texts() -> Iterator[tuple[Path, str]]:
    for path in files():
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or the like


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, hit.start()) + 1}: {hit.group()}"
        for path, text in texts()
        if path.name not in LOCK_FILES
        for hit in re.finditer(FORBIDDEN[what], text)
    ]
    assert found == []


def test_no_class_of_the_package_has_an_empty_noun() -> None:
    found = [hit.group() for path in files(ROOT / "src") for hit in EMPTY_NOUN.finditer(path.read_text())]
    assert found == []


def test_no_file_of_the_package_is_a_drawer() -> None:
    assert [path for path in files(ROOT / "src") if path.name in EMPTY_FILE_NAMES] == []
