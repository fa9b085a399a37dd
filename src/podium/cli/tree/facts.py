"""Facts as people and programs read them."""

import json

from podium.cli.output import iso, moment, one_line
from podium.model.fact import Fact
from podium.model.json import Json

_PAYLOAD_CHARACTERS = 80


def as_line(fact: Fact) -> Json:
    """Return a fact as one object for programs."""
    return {
        "seq": fact.seq, "kind": fact.kind.name.lower(), "key": fact.key, "at": iso(fact.at), "epoch": fact.epoch,
        "body": fact.body, "payload": fact.value(),
    }  # fmt: skip


def described(fact: Fact) -> tuple[str, str, str, str, str]:
    """Return a fact as a row: place, time, kind, key, and what it says."""
    said = " ".join(f"{name}={_short(value)}" for name, value in fact.body.items() if value is not None)
    carried = "" if fact.payload is None else one_line(fact.payload.decode(errors="replace"), _PAYLOAD_CHARACTERS)
    return (
        str(fact.seq),
        moment(fact.at),
        fact.kind.name.lower(),
        fact.key,
        " ".join(part for part in (said, carried) if part),
    )


def _short(value: Json) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return one_line(text, _PAYLOAD_CHARACTERS)
