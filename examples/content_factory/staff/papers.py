"""What passes from hand to hand."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """What people talk about more from week to week."""

    section: str
    topic: str
    weeks: list[int]
    """How many posts spoke of it, by week, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A sentence of the library, with the page it stands on."""

    source: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the library has on a trend, best first."""

    trend: Trend
    passages: list[Passage]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keywords:
    """The words under which people look for a topic, most important first."""

    words: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What the writer works from."""

    trend: Trend
    passages: list[Passage]
    keywords: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A text whose every sentence names its source; `brief` is what it was written from."""

    brief: Brief
    sentences: list[Passage]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """How an article is found."""

    title: str
    slug: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A drawing, as SVG."""

    svg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """A text with all that a page needs."""

    draft: Draft
    listing: Listing
    picture: Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What one reviewer thinks: 0 is unusable, 1 is perfect."""

    by: str
    score: float
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An article with its reviews, and whether the judge lets it go out."""

    article: Article
    reviews: list[Review]
    ready: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Where an article is."""

    title: str
    page: str
    sources: list[str] = field(default_factory=list[str])
