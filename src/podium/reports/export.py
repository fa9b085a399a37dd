"""Who did what, one JSON object for each call, question, rule and end: read from the facts."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from hashlib import sha256

from podium.engine.run.reopening import voided
from podium.model.fact import Fact, FactKind
from podium.model.facts.calls import Asked
from podium.model.facts.waits import QuestionAnswered
from podium.model.json import Json
from podium.model.run import Run
from podium.store.protocol import FactQuery, ReadStore, walk

_SAYS = frozenset({
    FactKind.STARTED, FactKind.ASKED, FactKind.ANSWERED, FactKind.RETRY, FactKind.STEP, FactKind.QUESTION,
    FactKind.HELD, FactKind.NOTICE, FactKind.CANCELLING, FactKind.SPAWNED, FactKind.SETTLED, FactKind.ENDED,
    FactKind.REWOUND, FactKind.REPINNED, FactKind.REDACTED, FactKind.EDITED, FactKind.SENT,
})  # fmt: skip
_PAGE = 1_000


async def lines(
    store: ReadStore, *, run: str | None = None, since: float | None = None, tenant: str | None = None,
    principal: str | None = None, payloads: bool = False,
) -> AsyncIterator[Json]:  # fmt: skip
    """Give a line for each fact that tells who did what, run by run, from a time on.

    Inputs and values are there only if asked for.
    """
    wanted = FactQuery(run=run, tenant=tenant, principal=principal, limit=_PAGE)
    async for known, facts in _by_run(store, wanted):
        for line in _Export(known, payloads=payloads).lines(facts, since):
            yield line


async def _by_run(store: ReadStore, query: FactQuery) -> AsyncIterator[tuple[Run, list[Fact]]]:
    """Give runs with all their facts, in the order in which they were started."""
    facts: list[Fact] = []
    last: str | None = None
    async for each in walk(store.journal, query):
        if last not in (None, each.run):
            if (known := await store.run(last)) is not None:
                yield known, facts
            facts = []
        last = each.run
        facts.append(each.fact)
    if last is not None and (known := await store.run(last)) is not None:
        yield known, facts


class _Export:
    """The lines of one run; it remembers who was asked, for what is told of a call later."""

    def __init__(self, run: Run, *, payloads: bool) -> None:
        self._run = run
        self._payloads = payloads
        self._asked: dict[str, tuple[str, str]] = {}

    def lines(self, facts: list[Fact], since: float | None) -> Iterator[Json]:
        void = voided(facts)
        for fact in facts:
            if isinstance(said := fact.content, Asked):
                self._asked[fact.key] = said.agent, said.version
            if fact.kind in _SAYS and (since is None or fact.at >= since):
                line = self._line(fact)
                yield {**line, "voided": True} if fact.seq in void else line

    def _line(self, fact: Fact) -> dict[str, Json]:
        run, call = self._run, fact.key.partition("/")[0]
        line: dict[str, Json] = {
            "at": datetime.fromtimestamp(fact.at, UTC).isoformat(), "run": run.id, "seq": fact.seq,
            "what": fact.kind.name.lower(), "key": fact.key, "tenant": run.tenant, "principal": run.principal,
            "workflow": run.workflow,
        }  # fmt: skip
        if call in self._asked:
            line["caller"] = self._caller(call)
            line["agent"], line["version"] = self._asked[call]
        line["said"] = fact.body
        if isinstance(said := fact.content, QuestionAnswered):
            line["by"] = [answer.by for answer in said.answers]
        if fact.payload is not None:
            line["payload_digest"] = sha256(fact.payload).hexdigest()
            if self._payloads:
                line["payload"] = fact.value()
        return line

    def _caller(self, call: str) -> str:
        """Return who asked: the innermost workflow around a call that is a call itself, or that of the run."""
        above = call.rpartition(".")[0]
        while above and above not in self._asked:
            above = above.rpartition(".")[0]
        return self._asked[above][0] if above else self._run.workflow
