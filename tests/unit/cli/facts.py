"""Journals written by hand."""

from podium.model.fact import Fact, FactKind
from podium.model.json import Json, encode
from podium.model.run import Run, RunState


class Journal:
    """Collects facts, one tenth of a second apart."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.add(FactKind.STARTED, "", {"workflow": "desk", "version": "1", "seed": 1})

    def add(self, kind: FactKind, key: str, body: Json) -> "Journal":
        seq = len(self.facts)
        self.facts.append(Fact(seq, kind, key, 100.0 + seq / 10, 1, encode(body)))
        return self

    def asked(self, key: str, agent: str) -> "Journal":
        return self.add(FactKind.ASKED, key, {"agent": agent, "version": "1"})

    def answered(self, key: str, **body: Json) -> "Journal":
        return self.add(FactKind.ANSWERED, key, {"outcome": "done", **body})

    def ended(self, state: str = "done", reason: str = "") -> "Journal":
        return self.add(FactKind.ENDED, "", {"state": state, "reason": reason})


def a_run(state: RunState = RunState.DONE, **changes: Json) -> Run:
    given: dict[str, Json] = {
        "id": "run_1", "workflow": "desk", "version": "1", "state": state, "epoch": 1, "queue": "default",
        "priority": 0, "created_at": 100.0, "ended_at": None, "wake_at": None, "parent": None, "root": "run_1",
        "tenant": "default", "principal": "local", "owner": None, "facts": 1, "reason": "", **changes,
    }  # fmt: skip
    return Run(**given)
