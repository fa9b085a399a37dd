"""Before the writing: what people talk about, what the library knows of it, and how it is looked for."""

import json
import math
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

from podium import agent
from staff.papers import Brief, Findings, Keywords, Passage, Trend
from staff.words import content_words, sentences_of

HERE = Path(__file__).parent.parent
MOST_PASSAGES = 8


def library() -> list[Passage]:
    """Return every sentence of the sources."""
    return [
        Passage(source=path.stem, text=sentence)
        for path in sorted((HERE / "sources").glob("*.md"))
        for paragraph in path.read_text(encoding="utf-8").split("\n\n")[1:]
        for sentence in sentences_of(paragraph)
    ]


@agent
def watch_trends(section: str) -> Trend:
    """Find the pair of words that rises most from week to week in the posts of a section."""
    posts = [json.loads(line) for line in (HERE / "feed.jsonl").read_text(encoding="utf-8").splitlines()]
    weeks = sorted({post["week"] for post in posts})
    counts: dict[str, Counter[int]] = defaultdict(Counter)
    for post in posts:
        words = content_words(post["text"])
        for pair in {f"{one} {other}" for one, other in pairwise(words)}:
            counts[pair][post["week"]] += post["section"] == section
    middle = sum(weeks) / len(weeks)
    rise = {pair: sum((week - middle) * seen[week] for week in weeks) for pair, seen in counts.items()}
    topic = max(sorted(rise), key=lambda pair: rise[pair])
    return Trend(section=section, topic=topic, weeks=[counts[topic][week] for week in weeks])


@agent
def research(trend: Trend) -> Findings:
    """Find what the library has on a topic: sentences that share rare words with it, by inverse document frequency."""
    known = library()
    seen = Counter(word for passage in known for word in set(content_words(passage.text)))
    asked = set(content_words(trend.topic))
    by_page = Counter(passage.source for passage in known if asked & set(content_words(passage.text)))

    def worth(passage: Passage) -> float:
        shared = sum(math.log(1 + len(known) / seen[word]) for word in asked & set(content_words(passage.text)))
        return shared + by_page[passage.source] / 10

    best = sorted(known, key=lambda passage: (-worth(passage), passage.source, passage.text))[:MOST_PASSAGES]
    return Findings(trend=trend, passages=sorted(best, key=lambda one: (-by_page[one.source], known.index(one))))


@agent
def find_keywords(trend: Trend) -> Keywords:
    """Find the words that stand beside a topic in posts more often than elsewhere."""
    topic = set(content_words(trend.topic))
    near, all_of_them = Counter[str](), Counter[str]()
    for line in (HERE / "feed.jsonl").read_text(encoding="utf-8").splitlines():
        words = set(content_words(json.loads(line)["text"]))
        all_of_them.update(words)
        near.update(words if topic <= words else ())
    best = sorted(near, key=lambda word: (-near[word] * near[word] / all_of_them[word], word))
    return Keywords(words=best[:6])


def brief(found: tuple[Findings, Keywords]) -> Brief:
    """Put together what the writer works from."""
    findings, keywords = found
    return Brief(trend=findings.trend, passages=findings.passages, keywords=keywords.words)
