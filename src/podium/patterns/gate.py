"""`gate`: checks an output between stages."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, Literal, Unpack, overload

from podium.agents.signature import signature_of
from podium.engine.context import Context
from podium.errors import GateClosed, PatternError, UsageError
from podium.model.agent import is_agent
from podium.model.duration import Duration, seconds_or_none
from podium.model.question import Approval, Decision
from podium.patterns.building.expression import Predicate, rule
from podium.patterns.building.inputs import heard_of, plain
from podium.patterns.building.members import ANYTHING, GivingAgent, Kind, Member, Stage, at_least, gives, name_of
from podium.patterns.building.partial import SoFar
from podium.patterns.building.pattern import CardFields, Link, Out, Pattern, Sketch, pattern
from podium.patterns.building.reading import reading
from podium.patterns.building.role import Role

Fails = Literal["stop", "back", "ask"]
Then = Literal["stop", "ask"]

_UNANSWERED = Decision(approved=False, comment="nobody answered in time")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What an agent that checks an output gives: whether it passes, and if not, why."""

    passed: bool
    reasons: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned(Generic[Out]):
    """What a worker gets whose output is sent back: the task, that output, and why it did not pass."""

    task: object
    output: Out
    reasons: str


@overload
def gate(
    check: Stage, *, worker: GivingAgent[Out], fails: Fails = "stop", rounds: int = 2, then: Then = "stop",
    to: str = "anyone", within: Duration | None = None, name: str | None = None, **card: Unpack[CardFields],
) -> Pattern[object, Out]: ...  # fmt: skip
@overload
def gate(
    check: Stage, *, worker: str | None = None, fails: Fails = "stop", rounds: int = 2, then: Then = "stop",
    to: str = "anyone", within: Duration | None = None, name: str | None = None, **card: Unpack[CardFields],
) -> Pattern: ...  # fmt: skip
@pattern
def gate(
    check: Stage, *, worker: Member | None = None, fails: Fails = "stop", rounds: int = 2, then: Then = "stop",
    to: str = "anyone", within: Duration | None = None, name: str | None = None, **card: Unpack[CardFields],
) -> Pattern:  # fmt: skip
    """Checks an output: lets it pass, sends it back with reasons, asks a person, or stops; gives the output.

    `check` is a rule of the `output` that says whether it passes, or an agent that takes the output, or parts `output`
    and `task` (a language model and a person see both), and gives a `Check` or a bool. The `worker` takes the `task`,
    and when it is sent back also `output` and `reasons`: as parameters of these names, as a text, or the task and then
    a `Returned`. Without a worker the gate checks its own input, as a stage of a sequence; the rule gets it as the type
    that its parameter is annotated with.

    What happens to an output that does not pass: `fails="stop"` ends it; `"back"` sends it back to the worker, which
    writes at most `rounds` times in all, and then does as `then` says; `"ask"` has a person (`to`) see the output and
    the reasons, and let it pass or not. No answer within `within` seconds means no.

    A worker whose output the rule cannot read is told and asked again; then it raises BadAnswer.
    Raises GateClosed, with the reasons, for an output that does not pass in the end.
    """
    at_least("gate", "rounds", rounds)
    limit = seconds_or_none(within, "within of gate")
    _check_options(fails, then, worker, limit)
    working = None if worker is None else Role[object]("gate", "worker", worker, offers=("task", "output", "reasons"))
    verdict_of, kind, reads = _checking(check, ANYTHING if worker is None else gives(worker), alone=working is None)
    last = then if fails == "back" else fails
    where = name_of(check)
    author = where if isinstance(check, str) or is_agent(check) else None

    async def body(ctx: Context, task: object, so_far: SoFar[object]) -> object:
        output, verdict = task, Check(passed=False)
        for n in range(rounds if fails == "back" else 1):
            if working is not None and n == 0:
                output = await working.settle(ctx, reads, task, task=task)
            elif working is not None:
                returned = Returned(task=task, output=output, reasons=verdict.reasons)
                said = (working.who, output), (author, verdict.reasons)
                heard = heard_of(ctx, returned, task, *said, ask="Write it again.")
                output = await working.settle(ctx, reads, heard, task=task, output=output, reasons=verdict.reasons)
            so_far.reached(output)
            verdict = await verdict_of(ctx, output, task, None if working is None else working.who)
            if verdict.passed:
                return output
        if last == "stop":
            raise GateClosed(f"gate: the output did not pass {where}: {verdict.reasons}")
        subject = {"output": plain(output), "reasons": verdict.reasons}
        question = Approval(f"It did not pass {where}. Let it pass?", subject)
        decision = await ctx.ask(question, to=to, within=limit, default=_UNANSWERED)
        if not decision.approved:
            said = f"{' and '.join(decision.by) or to} did not let it pass: {decision.comment or 'no comment'}"
            raise GateClosed(f"gate: the output did not pass {where}: {verdict.reasons}; {said}", by=decision.by)
        return output

    parts: dict[str, Stage] = {"check": check} if worker is None else {"worker": worker, "check": check}
    links = [] if worker is None else [Link("worker", "check")]
    if fails == "back":
        links.append(Link("check", "worker", f"not passed, at most {rounds} rounds"))
    takes, given = kind if working is None else working.takes("task"), kind if worker is None else gives(worker)
    return Pattern(
        body, kind="gate", name=name, card=card, sketch=Sketch(parts=parts, links=links), takes=takes, gives=given,
        has=given,
    )  # fmt: skip


def _check_options(fails: str, then: str, worker: Member | None, within: float | None) -> None:
    if fails == "back" and worker is None:
        raise PatternError("gate sends back to its worker, and has none: pass worker=…, or another `fails`.")
    if then != "stop" and fails != "back":
        raise PatternError(f"gate was given then={then!r}, which counts after fails='back' only: pass fails={then!r}.")
    if within is not None and "ask" not in (fails, then):
        raise PatternError("gate was given within, and asks nobody: pass fails='ask', or leave it out.")


def _checking(
    check: Stage, kind: Kind, *, alone: bool
) -> tuple[Callable[[Context, object, object, str | None], Awaitable[Check]], Kind, Callable[[object], object]]:
    """Return what makes a verdict of an output, its task and its author, the type of the output, and what reads it.

    What reads it gives it back; it raises BadAnswer where a rule cannot read it.
    """
    if callable(check) and not is_agent(check):
        holds, broken = reading("gate", "check", rule(check, output=kind)), f"{name_of(check)} does not hold"

        def readable(output: object) -> object:
            holds(output)
            return output

        async def by_rule(_: Context, output: object, _task: object, _author: str | None) -> Check:
            passed = bool(holds(output))
            return Check(passed=passed, reasons="" if passed else broken)

        return by_rule, _annotated(check), readable
    offers = ("output",) if alone else ("output", "task")
    checking = Role[Check | bool]("gate", "check", check, offers=offers, gives=Check | bool)

    async def by_agent(ctx: Context, output: object, task: object, author: str | None) -> Check:
        parts = {"output": output} if alone else {"output": output, "task": task}
        whole = output if author is None else heard_of(ctx, output, task, (author, output), ask="Does it pass?")
        said = await checking.ask(ctx, whole, **parts)
        passed, reasons = (said, "") if isinstance(said, bool) else (said.passed, said.reasons)
        return Check(passed=passed, reasons=reasons if passed or reasons else f"{checking.who} gave no reasons")

    kind = checking.takes("output")
    taken = ANYTHING if kind is str else kind  # as a text it would lose what it was made of
    return by_agent, taken, lambda output: output


def _annotated(function: Predicate) -> Kind:
    """Return the type that a function's one parameter is annotated with; ANYTHING where it is not."""
    try:
        signature = signature_of(function)
    except UsageError:  # a rule in CEL, or a builtin: it takes JSON
        return ANYTHING
    return ANYTHING if signature.only is None else signature.input.type
