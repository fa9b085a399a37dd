"""Whom an LLM agent asks about the tools that people have to allow, and what its model is told."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypedDict, get_args

from podium.errors import NotDone
from podium.model.consent import MAX_REFUSALS, Consent
from podium.model.duration import SPAN, SecondsOrNone, hold_seconds
from podium.model.expected import COUNT, NAME, Expected, one_of
from podium.model.json import Json, is_object
from podium.model.outcome import Refused, text_of
from podium.model.question import Ask, approval_schema
from podium.model.steps import Effects

WhenRefused = Literal["tell", "end"]
"""What becomes of an agent whose tool is not allowed: its model is told and it goes on, or its call is refused."""

WhenToolRaises = Literal["fail", "tell"]
"""What becomes of an agent whose tool raises: its attempt fails, or its model is told and it goes on."""

Grants = Mapping[str, Json]
"""What people said who allowed a use of a tool, by the rule that asked."""


@dataclass(frozen=True, slots=True)
class ToolQuestion:
    """What a use of a tool has to ask people, and how their answer becomes its result."""

    ask: Ask
    result: Callable[[Json], Json]
    announce: Callable[[str], Awaitable[Json]] | None = None
    """Told the id of the question; what it returns, unless that is None, is the answer."""


TOOL_ERRORS = one_of(get_args(WhenToolRaises))

_NOT_ALLOWED = "podium_denied"
"""The kind of the result of a tool that was not allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvals:
    """Who is asked about a tool that requires approval, or whose result comes from outside, and for how long."""

    to: str = "operators"
    """A person or a role."""
    within: SecondsOrNone = SecondsOrNone()
    """Seconds until it is too late, which counts as a no; None waits for ever."""

    def __post_init__(self) -> None:
        NAME.check("Approvals(to=…)", self.to)
        hold_seconds(self, SPAN, "within", optional=True)


APPROVALS = Expected(
    'a person or a role, such as "operators", or Approvals(to="boss", within="1h")',
    lambda value: isinstance(value, Approvals) or NAME.fits(value),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolTerms:
    """What holds for the tools of one agent."""

    approvals: Approvals = Approvals()
    on_refused: WhenRefused = "tell"
    max_refusals: int = MAX_REFUSALS
    """How many refusals the model is told of in one call; the next one ends it."""
    errors: WhenToolRaises = "fail"
    attempts: int = 1
    """How often the agent is tried before an error is told."""

    def consent(self, schema: Json, ask: Ask | None = None, arguments: Json = None) -> Consent:
        """Return what people may have to say to a use of a tool whose arguments have this schema.

        `arguments` are those that were put in place of the model's, if any were.
        """
        return Consent(
            ask=ask, edit=schema, arguments=arguments, refused=_told if self.on_refused == "tell" else None,
            max_refusals=self.max_refusals,
        )  # fmt: skip

    def approval(self, agent: str, used: Json, schema: Json) -> Ask:
        """Return the question whether a tool may be used."""
        text = f"May {agent} use {used['tool']}?"
        edit = approval_schema(edit=schema)
        whom = self.approvals
        return Ask(text=text, subject=used, schema=edit, to=whom.to, within=whom.within, kind="permission")

    def result(self, agent: str, used: Json, schema: Json, *, question: bool = False) -> Ask:
        """Return the question what a tool gives that nobody here runs; or that its model asks."""
        tool = used["tool"]
        text = f"{agent} asks with {tool}. What is the answer?" if question else f"What does {tool} give {agent}?"
        return Ask(text=text, subject=used, schema=schema, to=self.approvals.to, within=self.approvals.within)

    def tells(self, error: Exception, effects: Effects, attempt: int) -> bool:
        """Whether a model is told of what its tool raised; not while another attempt may do without that."""
        certain = effects != "once" or isinstance(error, NotDone)
        return self.errors == "tell" and certain and attempt >= self.attempts


UNLESS_GIVEN = ToolTerms()


class TermsOptions(TypedDict, total=False):
    """The options of an agent of any framework that say what holds for its tools."""

    approvals: str | Approvals
    """Who is asked about tools that require approval, and gives the results of external ones: `operators` unless given.

    `Approvals(to="boss", within="1h")` says for how long; nobody in time is a no.
    """
    on_refused: WhenRefused
    """What becomes of the agent where a policy, a guard or a person does not allow a tool: with `tell`, as unless
    given, its model is told why and it goes on; with `end` its call is refused."""
    max_refusals: int
    """How many refusals its model is told of in one call, 10 unless given: the next one ends the call."""


TERMS_OPTIONS: Mapping[str, Expected] = {
    "approvals": APPROVALS,
    "on_refused": one_of(get_args(WhenRefused)),
    "max_refusals": COUNT,
}
"""What each of them is to be."""


def terms_of(options: TermsOptions, errors: WhenToolRaises = "fail", attempts: int = 1) -> ToolTerms:
    """Return what holds for the tools of an agent, by its options."""
    asked = options.get("approvals", "operators")
    return ToolTerms(
        approvals=Approvals(to=asked) if isinstance(asked, str) else asked,
        on_refused=options.get("on_refused", "tell"),
        max_refusals=options.get("max_refusals", MAX_REFUSALS),
        errors=errors,
        attempts=attempts,
    )


def denial_in(value: Json) -> str | None:
    """Return what a model is told of a tool that was not allowed, if the result of the tool says so."""
    return str(value["message"]) if is_object(value) and value.get("kind") == _NOT_ALLOWED else None


def told_of(error: Exception) -> str:
    """Return what a model is told of what its tool raised."""
    text = text_of(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def denial(message: str) -> Json:
    """Return the result of a tool that was not allowed."""
    return {"kind": _NOT_ALLOWED, "message": message}


def _told(no: Refused) -> Json:
    if no.done:
        return denial(f"The tool was used. What it gave is withheld: {no.reason}")
    return denial(f"This use of the tool was not allowed: {no.reason}")
