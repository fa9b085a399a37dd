"""Checks of what goes into an agent and of what comes out."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, get_args

from podium.model.call import Call
from podium.model.expected import FLAG, NAME, NAMES, NATURAL, Expected, check_fields, one_of, or_none
from podium.model.json import Json
from podium.model.steps import Steps

GuardPlace = Literal["input", "output", "tool_input", "tool_output", "model_input"]
"""Where a value is checked: what an agent is given and what it gives, and the same of its tools and its model."""

GuardKind = Literal["pii", "patterns", "size", "schema", "screen"]
"""The guards that can be made in the settings."""


NOT_IN_CONVERSATION = (
    "it would put back into the answer what it masked in this input, and in a conversation the same mask may stand for "
    "what somebody else said before: leave out `restore` (then masks stay masks), or call without a conversation"
)
"""Why nothing is put back into an answer that is said in a conversation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a guard looks at."""

    value: Json
    place: GuardPlace
    call: Call
    steps: Steps
    """For a guard that asks a person or an agent itself: `steps.once("guard/NAME", …)` records the verdict."""
    step: str = ""
    """`tool/NAME` or `model`; empty for the call itself."""


@dataclass(frozen=True, slots=True)
class Passed:
    """The value may go on."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """Another value goes on in its place; it is checked again."""

    value: Json
    reason: str
    back: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of an input: what is put back where the output has it, such as `<EMAIL_1>` and what stood there.

    A call in a conversation is refused instead.
    """


@dataclass(frozen=True, slots=True)
class Objected:
    """The value may not go on; with `ask` a person of that role may let it."""

    reason: str
    ask: str | None = None


GuardFinding = Passed | Repaired | Objected


class Guard(Protocol):
    """Checks values on their way into an agent, or out of it."""

    @property
    def name(self) -> str:
        """What it is called: `guard:NAME` is the rule in `Refused` outcomes, questions and facts."""
        ...

    @property
    def on(self) -> frozenset[GuardPlace]:
        """Where it is to look."""
        ...

    def check(self, checked: Checked) -> GuardFinding | Awaitable[GuardFinding]:
        """Look at a value. What it raises is a failure of the call."""
        ...


GUARD_OPTIONS: Mapping[str, Expected] = {
    "name": NAME, "on": NAMES, "ask": or_none(NAME), "repair": FLAG, "restore": FLAG, "kinds": NAMES, "deny": NAMES,
    "allow": NAMES, "most": NATURAL,
}  # fmt: skip
"""What each option of a guard is to be."""

_SETTINGS: Mapping[str, Expected] = {
    **{name: or_none(expected) for name, expected in GUARD_OPTIONS.items() if name != "name"},
    "kind": one_of(get_args(GuardKind)), "restore": FLAG, "deny": NAMES, "allow": NAMES, "agent": or_none(NAME),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardSettings:
    """`[podium.guards.NAME]`: a guard of the settings. What is None is as the guard has it by default."""

    kind: GuardKind
    on: frozenset[GuardPlace] | None = None
    ask: str | None = None
    """The role of who may let pass what it objects to; without one that is refused."""
    repair: bool | None = None
    """Of `pii` and `patterns`: whether what is found is masked, instead of being objected to."""
    restore: bool = False
    """Of `pii`: whether what was masked in the input is put back into the output."""
    kinds: frozenset[str] | None = None
    """Of `pii`: what it looks for."""
    deny: tuple[str, ...] = ()
    """Of `patterns`: what no text may have in it."""
    allow: tuple[str, ...] = ()
    """Of `patterns`: what every text has to be, one of them."""
    most: int | None = None
    """Of `size`: the bytes that the value may have as JSON."""
    schema: Json = None
    """Of `schema`: the JSON Schema that it has to fit."""
    agent: str | None = None
    """Of `screen`: the name of the agent that is asked."""

    def __post_init__(self) -> None:
        check_fields(self, _SETTINGS)
