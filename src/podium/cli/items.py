"""The items of `podium run --each`: one JSON value a line, each with a name that stays its own."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from podium.cli.input import parse
from podium.errors import InvalidValue, UsageError
from podium.model.agent import AnyAgent
from podium.model.json import Json

_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of the file."""

    line: int
    """Its number in the file, from 1."""
    value: Json
    tag: str
    """The name of its run: from what it says and how often that came before, not from its place."""


def read_items(path: Path, workflow: AnyAgent, batch: str | None) -> list[Item]:
    """Return all items of a file, blank lines left out; raises UsageError that names the lines which are no input."""
    items: list[Item] = []
    wrong: list[str] = []
    seen = Counter[str]()
    for number, text in enumerate(_lines(path), start=1):
        if not text.strip():
            continue
        try:
            value = parse(text, f"{path}:{number}")
            workflow.input.dump(workflow.input.load(value))
        except InvalidValue as error:
            wrong.append(f"{path}:{number} does not fit {workflow.card.name}: {error}.")
            continue
        except UsageError as error:
            wrong.append(str(error))
            continue
        digest = item_digest(value)
        seen[digest] += 1
        tag = f"each:{batch or workflow.card.name}:{digest}:{seen[digest]}"
        items.append(Item(line=number, value=value, tag=tag))
    if wrong:
        more = f" And {len(wrong) - _SHOWN} more lines." if len(wrong) > _SHOWN else ""
        raise UsageError(f"{' '.join(wrong[:_SHOWN])}{more} Nothing was started: mend or remove these lines.")
    return items


def item_digest(value: Json) -> str:
    """Return a digest of a value that does not depend on how it was written down."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _lines(path: Path) -> Sequence[str]:
    try:
        return path.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise UsageError(f"the items {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"the items {path} are no text in UTF-8.") from error
