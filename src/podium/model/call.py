"""One request of a run to an agent."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from podium.model.empty import empty
from podium.model.json import Json
from podium.model.told import Told


@dataclass(slots=True, kw_only=True)
class Call:
    """What the dispatcher and the agent are handed. Not changed after it is made."""

    run: str
    key: str
    """Where in the run the call stands: a path of counters such as `2.0.3`."""
    agent: str
    version: str
    input: Json
    attempt: int = 1
    lineage: int = 1
    """Attempts of one lineage stand at the same steps; one of a later is handed those that it asks for again."""
    timeout: float | None = None
    """Seconds that this attempt may take."""
    tenant: str = "default"
    principal: str = "local"
    root: str = ""
    """The run that all this began with: the run itself where it is no child."""
    priority: int = 0
    """Of the run: larger goes first."""
    deadline: float | None = None
    """The time, in seconds since 1970, after which the answer is of no use; None is no such time."""
    callers: tuple[str, ...] = ()
    """The workflows on the way from the root run to this call, the outermost first, whoever asks last."""
    conversation: str | None = None
    """The conversation in which it has its turn, by name."""
    granted: Mapping[str, Json] = field(default_factory=empty(dict[str, Json]))
    """What people said to the rules that asked about it, by rule; only those that allowed it."""
    feedback: str = ""
    """What was wrong with the last answer, where the agent is to try again."""
    told: Told | None = None
    """What the input tells, where that is what others said."""
    allowed_before: bool = False
    """Whether it is a compensation that policies allowed when it was registered."""
    registered_by: tuple[str, ...] = ()
    """Of a compensation that policies judge when it is called: the workflows on the way to where it was registered."""

    @property
    def heard(self) -> Told | None:
        """What a language model hears as messages; None where a guard, or somebody else, changed the text of it."""
        return self.told if self.told is not None and self.told.text == self.input else None

    @property
    def asked(self) -> Json:
        """What a language model is asked: the input, or what comes after the messages that it hears."""
        return self.input if self.heard is None else self.heard.ask

    @property
    def compensates(self) -> bool:
        """Whether it is a compensation, or a part of one."""
        return ".undo." in f"{self.key}."

    @property
    def is_beside(self) -> bool:
        """Whether it is asked inside a step of another call, beside the answer of that: to judge it, for instance."""
        return "/" in self.key

    @property
    def idempotency_key(self) -> str:
        """The same on every attempt; another one in a fork."""
        return f"{self.run}:{self.key}"
