"""The histories of every role of every pattern, filled by a member of each shape: a file for each pattern."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from podium.model.json import Json
from tests.catalogue.roles import ROLES
from tests.catalogue.roles.badly import BADLY
from tests.catalogue.roles.role import RoleEntry, Shape


class Played(NamedTuple):
    """A role, and the shape of the member that fills it."""

    entry: RoleEntry
    shape: Shape

    @property
    def name(self) -> str:
        """The name of its workflow, and of its history."""
        return f"{self.entry.id}_{self.shape}"


PLAYED: Mapping[str, Played] = {
    each.name: each
    for each in (
        *(Played(entry, shape) for entry in ROLES for shape in entry.shapes),
        *(Played(entry, "anything") for entry in BADLY),
    )
}


def keep_all(folder: Path, histories: Mapping[str, Json]) -> None:
    """Write histories, those of a pattern in a file; what is recorded stays as it is."""
    by_pattern: dict[str, dict[str, Json]] = {}
    for name, history in histories.items():
        by_pattern.setdefault(PLAYED[name].entry.pattern, {})[name] = history
    for pattern, new in by_pattern.items():
        path = folder / "roles" / f"{pattern}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        known: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        lines = (f"{json.dumps(name)}: {json.dumps(history)}" for name, history in {**new, **known}.items())
        path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
