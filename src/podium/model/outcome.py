"""How a call ends: one of six outcomes, recorded once and replayed for ever."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from podium.model.json import Json
from podium.model.question import Ask
from podium.model.retry import FailureKind
from podium.model.said import SaidInTurn
from podium.secrets.masking import MASKING


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a call or step used up."""

    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    requests: int = 0
    usd: float | None = None
    """US dollars; None where the price is not known."""
    cpu_seconds: float = 0.0
    """Processor time of a function or a program, where that has a price."""
    gb_seconds: float = 0.0
    """GiB of memory times the seconds for which a program held them, where that has a price."""
    in_doubt: bool = False
    """Nobody told what it came to: tokens and dollars are the most that it may have."""


def readable(text: str) -> str:
    """Return a text that can be recorded: of an undecodable file name, the bytes that are no text become `?`."""
    return text.encode("utf-8", "replace").decode("utf-8")


def cut(text: str, most: int) -> str:
    """Return a text of at most so many characters: too much is left out of its middle, as both ends say something."""
    if len(text) <= most:
        return text
    before = (most - 1) // 2
    after = most - 1 - before
    return f"{text[:before]}…{text[len(text) - after :]}"


def text_of(error: BaseException) -> str:
    """Return what an exception says; of one that cannot say it, why not."""
    try:
        return str(error)
    except Exception as broken:  # noqa: BLE001 - foreign code, as whatever raised it
        return f"(its message cannot be read: __str__ raised {type(broken).__name__})"


def raised(error: BaseException) -> str:
    """Return what code did that raised something else than an Exception, in words that follow its name."""
    if isinstance(error, SystemExit):
        return f"called sys.exit({text_of(error)})"
    text = text_of(error)
    return f"raised {type(error).__name__}: {text}" if text else f"raised {type(error).__name__}"


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong, as it is recorded."""

    kind: FailureKind
    type: str
    """The class of the exception, or of the answer that was refused."""
    message: str
    retry_after: float | None = None
    """Seconds that the other side asked us to wait."""
    not_done: bool = False
    """The agent says that its effect definitely did not happen."""
    causes: tuple[str, ...] = ()
    """The keys of the calls, inside an inline workflow, that made it fail."""
    begun: bool = False
    """The other side had begun on it before it asked for less: it may have to be paid. It is not recorded."""
    unavailable: bool = False
    """The agent was not asked, since it would not have answered: a fallback is taken at once."""
    traceback: str = ""
    """Where it came from: see `traceback_of`. Empty where no exception was raised."""
    answer: bytes | None = None
    """What it answered, as JSON text, where that cannot be used: it is kept, and never done again."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", MASKING.text(readable(self.message)))


@dataclass(frozen=True, slots=True)
class Done:
    """It worked; the value as JSON."""

    value: Json
    usage: Usage | None = None
    said: SaidInTurn | None = None
    """What it says in its conversation, where it is known."""


@dataclass(frozen=True, slots=True)
class Failed:
    """It did not work."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class Refused:
    """A rule forbade it."""

    rule: str
    reason: str
    done: bool = False
    """It was done, as a step is whose value a guard objects to: what is refused is the value."""


@dataclass(frozen=True, slots=True)
class Until:
    """A time that has to come first."""

    at: float
    """Seconds since 1970."""
    why: str


@dataclass(frozen=True, slots=True)
class CallWanted:
    """A step needs what another agent gives: that one is called below the call, while its agent is left."""

    agent: Any
    """A `podium.model.agent.Agent`."""
    input: Json


@dataclass(frozen=True, slots=True)
class Pending:
    """A person has to answer first, a time to come, or another agent to be called.

    With `step`, the answer belongs to that step and the agent then runs again. With `rule`, that rule asks whether the
    call, or the step, may be: it is dispatched again once a person approved it, and refused otherwise.
    """

    ask: Ask | Until | CallWanted
    step: str | None = None
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class Cancelled:
    """It was told to stop."""


@dataclass(frozen=True, slots=True)
class Enter:
    """A workflow was called: the context runs it inline under the call's key."""

    workflow: Any
    """An `engine.workflow.Workflow`; opaque to everybody below the engine."""
    input: Json
    """What it is handed."""
    after: "Callable[[Done, Mapping[str, Json]], Awaitable[Outcome]] | None" = None
    """Has the last word on its value, told what people granted since: guards of the output."""


Outcome = Done | Failed | Refused | Pending | Cancelled | Enter
