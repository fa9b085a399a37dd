"""Three reviewers, each with an eye for one thing, and the judge who weighs what they say."""

import re

from podium import agent
from staff.papers import Article, Judged, Review

_VOWELS = re.compile(r"[aeiouy]+")
_LEAST, _MEAN = 0.5, 0.75


@agent
def review_reading(article: Article) -> Review:
    """How easily it reads: Flesch reading ease, 100 is very easy, 0 very hard."""
    words = [word for said in article.draft.sentences for word in re.findall(r"[A-Za-z]+", said.text)]
    syllables = sum(max(1, len(_VOWELS.findall(word.lower().removesuffix("e")))) for word in words)
    ease = 206.835 - 1.015 * len(words) / len(article.draft.sentences) - 84.6 * syllables / len(words)
    return Review(by="reading", score=min(1.0, max(0.0, ease / 70)), remark=f"reading ease {ease:.0f}")


@agent
def review_sources(article: Article) -> Review:
    """How well it is founded: every sentence has a source, and it does not lean on a single one."""
    sources = {said.source for said in article.draft.sentences}
    cited = sum(bool(said.source) for said in article.draft.sentences) / len(article.draft.sentences)
    return Review(by="sources", score=cited * min(1.0, len(sources) / 2), remark=f"{len(sources)} sources")


@agent
def review_finding(article: Article) -> Review:
    """Whether it is found: its keywords stand in title, description and text."""
    text = " ".join(said.text for said in article.draft.sentences).lower()
    places = (article.listing.title.lower(), article.listing.description.lower(), text)
    words = article.draft.brief.trend.topic.split()
    found = sum(word in place for word in words for place in places)
    return Review(by="finding", score=found / (len(words) * len(places)), remark=f"{found} of {len(words) * 3} places")


@agent
def judge(task: Article, values: list[Review]) -> Judged:
    """Let it go out if nobody finds it poor and all together find it good."""
    scores = [review.score for review in values]
    ready = min(scores) >= _LEAST and sum(scores) / len(scores) >= _MEAN
    return Judged(article=task, reviews=values, ready=ready)


def is_ready(judged: Judged) -> bool:
    """Whether the judge lets it go out."""
    return judged.ready
