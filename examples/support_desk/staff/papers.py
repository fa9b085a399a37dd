"""What the staff hand each other: the ticket, and what each of them makes of it."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A message of a customer."""

    id: str = ""
    subject: str = ""
    body: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorting:
    """What the classifier says: billing, bug, how_to, account, complaint or other."""

    category: str
    odds: dict[str, float] = field(default_factory=dict[str, float])
    """How likely each category is; together 1."""
    signs: list[str] = field(default_factory=list[str])
    """Why a person should look: words of a complaint, orders to the software, nothing to answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of the handbook that may answer."""

    slug: str
    title: str
    category: str
    score: float
    """How likely it is the one that answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the knowledge agent found: the best pages, best first."""

    pages: list[Page] = field(default_factory=list[Page])
    beyond: dict[str, float] = field(default_factory=dict[str, float])
    """How likely no page answers, by the category of what is asked."""
    coverage: float = 0.0
    """The share of the message's telling words that the best page knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that is known of a ticket before it is answered."""

    ticket: Ticket
    sorting: Sorting
    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An answer that nobody has approved yet."""

    category: str
    page: str | None
    """The page that the answer quotes; None where the handbook has no answer."""
    text: str
    confidence: float = 0.0
    """From 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A draft beside the case it is meant for."""

    case: Case
    draft: Draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a draft may go out as it is."""

    send: bool
    reasons: list[str] = field(default_factory=list[str])
    """Why a person should see it first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """How a ticket ended."""

    category: str
    page: str | None
    text: str
    by: str
    """`desk`, or `person`."""
