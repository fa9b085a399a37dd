"""What was done for somebody, for whoever has to judge it: who, for whom, what, why it was allowed, at what price."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from podium.model.cost import Cost
from podium.model.facts.runs import Started
from podium.model.json import Json
from podium.model.run import Run
from podium.reports.export import lines
from podium.store.protocol import CostQuery, FactQuery, ReadStore, RunQuery, walk

_RULES = ("policy", "delegation")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedCall:
    """A call of an agent, or a child run."""

    at: str
    """When it began, in ISO 8601, UTC; so are all times."""
    caller: str
    agent: str
    version: str
    key: str
    outcome: str
    """`done`, `failed`, `refused`, `expired`, `cancelled`; empty where it has not ended."""
    reason: str = ""
    """The rule that refused it, or the type of its error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedRule:
    """What a policy, a delegation or a guard decided."""

    at: str
    rule: str
    decision: str
    what: str
    """What it was asked about."""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedAnswer:
    """What a person said."""

    at: float
    """Seconds since 1970."""
    by: str
    said: Json


@dataclass(slots=True, kw_only=True)
class ReportedQuestion:
    """A question to people, and what came of it."""

    at: str
    text: str
    """Empty where the run was redacted."""
    to: str
    kind: str
    rule: str | None
    """The rule that asked, where one did."""
    quorum: int = 1
    """How many different people have to answer."""
    answers: list[ReportedAnswer] = field(default_factory=list[ReportedAnswer])
    """All of them, once there are enough and the run has taken them."""
    answered_by: Sequence[str] = ()
    """Who has answered by now, also where not enough have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedChange:
    """What was done to the run from outside: a retry, a cancel, a redaction, another version."""

    at: str
    what: str
    by: str = ""
    reason: str = ""


@dataclass(slots=True, kw_only=True)
class ReportedRun:
    """A run, and what was done in it."""

    run: str
    workflow: str
    version: str
    tenant: str
    principal: str
    grantor: str | None
    """The user on whose behalf it was, where it was started with a delegation."""
    grantee: str | None
    """The agent outside that this user let act."""
    started_by: str | None
    """The run that started it."""
    state: str
    reason: str
    started: str
    ended: str | None = None
    calls: list[ReportedCall] = field(default_factory=list[ReportedCall])
    rules: list[ReportedRule] = field(default_factory=list[ReportedRule])
    questions: list[ReportedQuestion] = field(default_factory=list[ReportedQuestion])
    changes: list[ReportedChange] = field(default_factory=list[ReportedChange])


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What was done in a run with all that it started, or for a tenant."""

    about: Mapping[str, str]
    """`run` or `tenant`, by name."""
    since: float | None
    """Seconds since 1970; None is from the beginning."""
    runs: Sequence[ReportedRun]
    costs: Sequence[Cost]
    """By agent, of these runs."""

    @property
    def usd(self) -> float:
        """US dollars, with those of which it is not known whether they were spent."""
        return sum(cost.usd + cost.in_doubt for cost in self.costs)

    def json(self) -> Json:
        """Return it as JSON."""
        costs = [
            {
                "agent": cost.part, "calls": cost.calls, "input_tokens": cost.input_tokens,
                "output_tokens": cost.output_tokens, "usd": cost.usd, "in_doubt_usd": cost.in_doubt,
                "unpriced": cost.unpriced,
            }
            for cost in self.costs
        ]  # fmt: skip
        runs = [asdict(run) for run in self.runs]
        return {"for": dict(self.about), "since": self.since, "usd": self.usd, "costs": costs, "runs": runs}


async def report_on(
    store: ReadStore, *, run: str | None = None, tenant: str | None = None, principal: str | None = None,
    since: float | None = None,
) -> AuditReport:  # fmt: skip
    """Report on a run with all that it started, or on a tenant; of a run nothing is told that was before `since`."""
    runs: list[ReportedRun] = []
    async for each in _runs(store, run, tenant, principal):
        told = _Told(each, await _root_of(store, each))
        async for line in lines(store, run=each.id, since=since):
            told.take(line)
        await told.look_in(store)
        if told.any:
            runs.append(told.run)
    query = CostQuery(by="agent", run=run, tenant=tenant, principal=principal, since=since, limit=1_000)
    costs = [cost async for cost in walk(store.costs, query)]
    about = {"run": run} if run is not None else {"tenant": tenant or "all"}
    return AuditReport(about=about, since=since, runs=runs, costs=costs)


async def _runs(store: ReadStore, run: str | None, tenant: str | None, principal: str | None) -> AsyncIterator[Run]:
    """Give runs in the order in which they were started: all, or a run and what it started."""
    found: list[Run] = []
    if run is None:
        found = [each async for each in walk(store.runs, RunQuery(tenant=tenant, principal=principal, limit=1_000))]
    elif (first := await store.run(run)) is not None:
        left = [first]
        while left:
            found.append(each := left.pop())
            left += [child async for child in walk(store.runs, RunQuery(parent=each.id, limit=1_000))]
    for each in sorted(found, key=lambda each: (each.created_at, each.id)):
        yield each


async def _root_of(store: ReadStore, run: Run) -> Started | None:
    """Return how the run was started that started this one, directly or not: there it says for whom."""
    first = (await store.journal(FactQuery(run=run.root, limit=1))).items
    said = first[0].fact.content if first else None
    return said if isinstance(said, Started) else None


class _Told:
    """Takes the lines of one run, and puts together what they tell."""

    def __init__(self, run: Run, root: Started | None) -> None:
        self.run = ReportedRun(
            run=run.id, workflow=run.workflow, version=run.version, tenant=run.tenant, principal=run.principal,
            grantor=root and root.grantor, grantee=root and root.grantee,
            started_by=run.parent, state=run.state, reason=run.reason, started="",
        )  # fmt: skip
        self.any = False
        self._calls: dict[str, int] = {}
        self._questions: dict[str, ReportedQuestion] = {}

    def take(self, line: Mapping[str, Json]) -> None:
        """Take one more line."""
        self.any = True
        said, at, key = line["said"], line["at"], line["key"]
        match line["what"]:
            case "started":
                self.run.started = at
            case "asked" | "spawned":
                self._calls[key] = len(self.run.calls)
                self.run.calls.append(_call(line))
            case "answered" if key in self._calls:
                call = self.run.calls[self._calls[key]]
                reason = said.get("rule") or said.get("type") or ""
                self.run.calls[self._calls[key]] = _ended(call, said["outcome"], reason)
            case "notice" if said.get("guard") in _RULES or str(said.get("guard")).startswith("guard:"):
                self.run.rules.append(_rule(at, said, line.get("agent", "")))
            case "question" if "answers" in said:
                self._answered(said)
            case "question":
                asked = self._questions[said["question"]] = ReportedQuestion(
                    at=at,
                    text=said["text"],
                    to=said["to"],
                    kind=said["kind"],
                    rule=said.get("rule"),
                    quorum=said.get("quorum", 1),
                )
                self.run.questions.append(asked)
            case "ended":
                self.run.ended = at
            case "cancelling" | "rewound" | "repinned" | "redacted" | "edited" as what:
                by, reason = said.get("by", ""), said.get("why") or said.get("reason") or ""
                self.run.changes.append(ReportedChange(at=at, what=what, by=by, reason=reason))
            case _:
                pass

    async def look_in(self, store: ReadStore) -> None:
        """Look up who has answered the questions whose answers the run has not taken: not all who are needed."""
        for question, asked in self._questions.items():
            asked.answered_by = [answer.by for answer in asked.answers]
            if not asked.answers and (known := await store.question(question)) is not None:
                asked.answered_by = known.answered_by

    def _answered(self, said: Mapping[str, Json]) -> None:
        if (asked := self._questions.get(said["question"])) is not None:
            asked.answers = [
                ReportedAnswer(at=each["at"], by=each["by"], said=each.get("value", {"approved": each.get("approved")}))
                for each in said["answers"]
            ]


def _call(line: Mapping[str, Json]) -> ReportedCall:
    said = line["said"]
    agent = said.get("agent") or said["workflow"]
    caller = line.get("caller", line["workflow"])
    return ReportedCall(
        at=line["at"], caller=caller, agent=agent, version=said["version"], key=line["key"], outcome=""
    )  # fmt: skip


def _ended(call: ReportedCall, outcome: str, reason: str) -> ReportedCall:
    return ReportedCall(
        at=call.at, caller=call.caller, agent=call.agent, version=call.version, key=call.key, outcome=outcome,
        reason=reason,
    )  # fmt: skip


def _rule(at: str, said: Mapping[str, Json], agent: str) -> ReportedRule:
    if said["guard"] == "policy":
        what = f"{said['action']} {said['resource']}"
        return ReportedRule(
            at=at, rule=said["rule"], decision=said["decision"], what=what, reason=said.get("reason", "")
        )  # fmt: skip
    rule, decision = said.get("rule", said["guard"]), said.get("decision") or said.get("did") or ""
    what = " ".join(part for part in (said.get("place", ""), agent) if part)
    return ReportedRule(at=at, rule=rule, decision=decision, what=what, reason=said.get("reason", ""))
