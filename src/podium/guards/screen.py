"""`screen_by`: an agent of its own looks at each value, for prompt injection or whatever its task says."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import orjson

from podium.errors import BadAnswer, Forbidden, InvalidValue, UsageError
from podium.guards.custom import BOTH, CustomCheck, check_guard
from podium.model.agent import AnyAgent, must_be_agent
from podium.model.guard import Checked, GuardFinding, GuardPlace, Objected, Passed
from podium.model.json import Json, is_object
from podium.model.outcome import Done, Failed, Refused
from podium.model.rule_steps import RuleSteps
from podium.model.step import guard_step


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """What an agent that screens answers with. A plain bool, whether it is safe, will do too."""

    safe: bool
    reason: str = ""


def screen_by(
    agent: AnyAgent, *, on: Iterable[GuardPlace] = BOTH, ask: str | None = None, name: str | None = None
) -> CustomCheck:
    """Return a guard that hands each value to an agent, and objects unless it answers that it is safe.

    The agent takes the value, or its JSON as text, and gives a `Screening`. It is called like any agent: its time
    limit, limits and breaker hold, policies are asked, budgets pay for it. Its verdict is recorded, as a step of the
    call: the same value is never judged, nor paid, twice in it. If the agent fails or is refused, so is the call.
    """
    must_be_agent(agent)
    called = agent.card.name if name is None else name
    check_guard(called, ask=ask)
    if not agent.card.traits.answers_at_once:
        raise UsageError(
            f"{agent.card.name} is a {agent.card.kind}, which does not answer at once: use `ask` for people"
        )

    async def look(checked: Checked) -> GuardFinding:
        async def judge() -> Json:
            return (await _answer(agent, checked)).value

        digest = hashlib.sha256(orjson.dumps(checked.value)).hexdigest()[:16]
        verdict = await checked.steps.once(
            guard_step(called),
            judge,
            input=checked.value,
            key=f"{checked.place}:{digest}",
        )
        safe, reason = _read(verdict, agent.card.name)
        return Passed() if safe else Objected(reason or f"{agent.card.name} says that it is not safe", ask)

    return CustomCheck(called, on, look, judge=agent)


async def _answer(agent: AnyAgent, checked: Checked) -> Done:
    steps = cast("RuleSteps", checked.steps)  # as the rule hands them out
    name, outcome = agent.card.name, await steps.beside(agent, _handed(agent, checked.value))
    match outcome:
        case Done():
            return outcome
        case Failed(failure):
            raise BadAnswer(f"{name}, which screens, failed: {failure.type}: {failure.message}")
        case Refused(rule, reason):
            raise Forbidden(rule, f"{name}, which screens, was refused: {reason}")
        case _:
            raise BadAnswer(f"{name}, which screens, did not answer at once")


def _handed(agent: AnyAgent, value: Json) -> Json:
    try:
        return agent.input.dump(value)
    except InvalidValue:
        return agent.input.dump(orjson.dumps(value).decode())


def _read(verdict: Json, agent: str) -> tuple[bool, str]:
    if isinstance(verdict, bool):
        return verdict, ""
    said = verdict if is_object(verdict) else {}
    match said.get("safe"):
        case bool() as safe:
            return safe, str(said.get("reason", ""))
        case _:
            raise BadAnswer(f"{agent}, which screens, has to answer with a Screening or a bool, not {verdict!r:.100}")
