"""A part of a call on its way through the rules: one model request, one tool call, one `once`."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TypeGuard

from podium.model.budget import Bound
from podium.model.call import Call
from podium.model.json import Json, is_object
from podium.model.outcome import Usage
from podium.model.rule_names import guard_in


@dataclass(slots=True, kw_only=True)
class StepCall:
    """What the rules for steps are handed. Not changed after it is made, but for `body`, `bound` and `used`."""

    call: Call
    name: str
    """`model`, `tool/NAME`, or what the agent called it."""
    path: str
    """Its place in the call; an answer that it has to wait for is kept under it."""
    input: Json
    """What is really sent."""
    body: Callable[[], Awaitable[Json]]
    """Does it."""
    bound: Bound | None = None
    """The most that it may come to."""
    usage: Callable[[Json], Usage | None] | None = None
    """Reads tokens and price out of its value."""
    used: Usage | None = None
    """What it counts as, once its body gave a value: as was told, or in doubt at its bound."""
    edit: Json = None
    """JSON Schema of the arguments that whoever allows it may put in place of those of its input; None: nobody may."""
    asked: Collection[str] = ()
    """The rules whose question about it is open."""

    @property
    def granted(self) -> Mapping[str, Json]:
        """What people said to the rules that asked about this step, by rule; only those that allowed it."""
        return granted_to(self.path, self.call.granted)


def granted_to(path: str, granted: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return what people said to the rules that asked about the step at a place, by rule, of all that they allowed.

    A yes to a guard counts for the arguments that it looked at: not for those that somebody put in after that.
    """
    mine = grant_of("", path)
    said = {key.removeprefix(mine): value for key, value in granted.items() if key.startswith(mine)}
    edits = [at for at, value in enumerate(said.values()) if _puts_in(value)]
    last = edits[-1] if edits else 0
    return {rule: value for at, (rule, value) in enumerate(said.items()) if at >= last or guard_in(rule) is None}


def arguments_put_in(granted: Mapping[str, Json]) -> Json | None:
    """Return the arguments that people put in place of those of the model, of all that they said: the last edit."""
    edits = [said["value"] for said in granted.values() if _puts_in(said)]
    return edits[-1] if edits else None


def _puts_in(said: Json) -> bool:
    return is_object(said) and "value" in said


def allowing(granted: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return what counts as the approval that a step itself requires: a yes to it, or to a policy, not to a guard."""
    return {rule: said for rule, said in granted.items() if guard_in(rule) is None}


def grant_of(rule: str, step: str | None) -> str:
    """Return the name under which a call finds that a person let it, or one of its steps, pass a rule.

    Both names may hold spaces, so those of the step are escaped: one step's grants are never taken for another's.
    """
    if step is None:
        return rule
    place = step.replace("\\", "\\\\").replace(" ", "\\ ")
    return f"{place} {rule}"


ANSWER = "model"
"""The name of the step in which a model is asked."""

UNUSABLE_ANSWER = "unusable answer"
"""The name of the step that keeps an answer of the agent itself that cannot be used."""

DEFERRED = "deferred"
"""The name of the step that keeps what a step did which has its value from somebody else later."""


def deferred_in(place: str) -> str | None:
    """Return the step that was deferred, by the place or the key of its state; None where it is no such state."""
    step, _, name = place.rpartition("/")
    return step if name.startswith(f"{DEFERRED}#") else None


CACHE_STEP = "cache/embed"
"""The name of the step in which a question is embedded, to find an answer that is kept."""

_TOOL = "tool/"
_TOLD = "told/"
_GUARD = "guard/"


def tool_step(tool: str) -> str:
    """Return the name of the step that is a call of a tool."""
    return f"{_TOOL}{tool}"


def tool_of(step: str) -> str | None:
    """Return the tool that a step calls, by the name of the step; None where it is another one."""
    return step[len(_TOOL) :] if step.startswith(_TOOL) else None


_USE = frozenset({"tool", "arguments"})


def arguments_in(sent: Json) -> Json:
    """Return the arguments of a use of a tool, of what is sent: `{"tool": …, "arguments": …}`, or all of any other."""
    return sent["arguments"] if is_object(sent) and "arguments" in sent and sent.keys() <= _USE else sent


def call_step(agent: str) -> str:
    """Return the name of the step in which an agent calls another one."""
    return f"call/{agent}"


def told_step(tool: str) -> str:
    """Return the name of the step that keeps what a model is told of a tool that was not used."""
    return f"{_TOLD}{tool}"


def told_of_tool(step: str) -> str | None:
    """Return the tool of which a model is told in a step, by the name of the step: used or not; None for others."""
    return step[len(_TOLD) :] if step.startswith(_TOLD) else tool_of(step)


def tool_id(agent: str, tool: str) -> str:
    """Return how rules name a tool: `AGENT/TOOL`. That of an agent which a tool runs has that agent's name already."""
    return tool if "/" in tool else f"{agent}/{tool}"


def is_step_path(step: str | None) -> TypeGuard[str]:
    """Whether what people are asked about is a step at its place in a call, not the call or what came out of it."""
    return step is not None and "/" in step


def is_check(path: str) -> bool:
    """Whether a step checks the arguments of a use of a tool, by its place in the call."""
    return path.endswith("/check")


def is_answer_step(step: str) -> bool:
    """Whether a step is an answer of a model, by its name."""
    return step == ANSWER


def guard_step(guard: str) -> str:
    """Return the name of the step in which a guard asks an agent."""
    return f"{_GUARD}{guard}"


def is_guard_step(step: str) -> bool:
    """Whether a step is one in which a guard asks an agent, by its name."""
    return step.startswith(_GUARD)


def is_under_guard(path: str) -> bool:
    """Whether a step is a guard's own, or inside one, by its place in the call."""
    return path.startswith(_GUARD) or f"/{_GUARD}" in path


def lineage_of(path: str) -> int | None:
    """Return the lineage that a step was done in, by its place in the call; None for one of a guard."""
    number, _, rest = path.partition("/")
    return int(number) if rest and number.isdecimal() else None
