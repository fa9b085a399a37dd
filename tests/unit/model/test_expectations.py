"""Every field of every setting is checked: an option without a check fails here."""

from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, cast, get_args

import pytest

from podium import Approval, Budget, Card, Config, Escalation, Principal, Retry, Task
from podium.config import SECTIONS
from podium.errors import PodiumError
from podium.model.batch import Batch
from podium.model.breaker import Breaker
from podium.model.budget import Allowance, Bound
from podium.model.health import Health
from podium.model.limit import Limit
from podium.model.retry import Backoff

SETTINGS: list[type[Any]] = [
    Allowance, Approval, Backoff, Batch, Bound, Breaker, Budget, Card, Escalation, Config, Health, Limit, Principal,
    Retry, Task,
]  # fmt: skip
"""What people write; the tables of the settings come to it by themselves."""

NEEDED: dict[str, object] = {
    "name": "a", "to": "boss", "text": "Fine?", "check": print, "who": "anna", "tenant": "north", "kind": "pii",
    "capability": "sums",
}  # fmt: skip

ANYTHING = {
    "Approval.subject", "Approval.edit", "GuardSettings.schema",  # any value, any type
    "Card.input_schema", "Card.output_schema", "Card.kind", "Card.anonymous", "Card.model",
    "Card.tools", "Card.knows_tools",  # from inside
}  # fmt: skip


def settings() -> Iterator[type[Any]]:
    yield from SETTINGS
    for section in SECTIONS.values():
        for kind in (section, *get_args(section)):
            if is_dataclass(kind):
                yield cast("type[Any]", kind)


def places() -> Iterator[tuple[type[Any], Field[Any]]]:
    for kind in settings():
        for field in fields(kind):
            if f"{kind.__name__}.{field.name}" not in ANYTHING:
                yield kind, field


@pytest.mark.parametrize(
    ("kind", "field"), [pytest.param(kind, each, id=f"{kind.__name__}.{each.name}") for kind, each in places()]
)
@pytest.mark.parametrize(
    "wrong", [object(), float("nan"), [5], {5: 5}, b""], ids=["object", "nan", "list", "map", "bytes"]
)
def test_what_is_no_value_of_a_field_is_told(kind: type[Any], field: Field[Any], wrong: object) -> None:
    needed = {
        each.name: NEEDED[each.name]
        for each in fields(kind)
        if each.default is MISSING and each.default_factory is MISSING
    }
    with pytest.raises(PodiumError, match="expected"):
        kind(**{**needed, field.name: wrong})
