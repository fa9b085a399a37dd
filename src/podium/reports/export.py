"""Who did what, one JSON object for each call, question, rule and end: read from the facts."""

from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256

from podium.engine.history import voided
from podium.model.fact import Fact, FactKind
from podium.model.json import Json
from podium.model.run import Run
from podium.store.protocol import Store

_SAYS = frozenset({
    FactKind.STARTED, FactKind.ASKED, FactKind.ANSWERED, FactKind.RETRY, FactKind.STEP, FactKind.QUESTION,
    FactKind.HELD, FactKind.NOTICE, FactKind.CANCELLING, FactKind.SETTLED, FactKind.ENDED,
    FactKind.REWOUND, FactKind.REPINNED,
})  # fmt: skip


def lines(
    store: Store, *, run: str | None = None, since: float | None = None, payloads: bool = False
) -> Iterator[Json]:
    """Give a line for each fact that tells who did what, run by run, from a time on.

    Inputs and values are there only if asked for.
    """
    ids = store.ledger.runs() if run is None else iter([run])
    for run_id in list(ids):
        known = store.run(run_id)
        if known is not None:
            yield from _of(known, store.facts(run_id), since=since, payloads=payloads)


def _of(run: Run, facts: list[Fact], *, since: float | None, payloads: bool) -> Iterator[Json]:
    void = voided(facts)
    for fact in facts:
        if fact.kind in _SAYS and (since is None or fact.at >= since):
            line = _line(run, fact, payloads=payloads)
            yield {**line, "voided": True} if fact.seq in void else line


def _line(run: Run, fact: Fact, *, payloads: bool) -> dict[str, Json]:
    line: dict[str, Json] = {
        "at": datetime.fromtimestamp(fact.at, UTC).isoformat(), "run": run.id, "seq": fact.seq,
        "what": fact.kind.name.lower(), "key": fact.key, "tenant": run.tenant, "principal": run.principal,
        "workflow": run.workflow, "said": fact.body,
    }  # fmt: skip
    if fact.kind is FactKind.QUESTION and "answers" in fact.body:
        line["by"] = [answer["by"] for answer in fact.body["answers"]]
    if fact.payload is not None:
        line["payload_digest"] = sha256(fact.payload).hexdigest()
        if payloads:
            line["payload"] = fact.value()
    return line
