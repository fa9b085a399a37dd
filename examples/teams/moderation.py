"""A post is judged by four moderators at once; a coordinator is asked only where they disagree.

The posts in `data/moderation` are made up; the input is the id of one, p1 to p5.

podium run examples/teams/moderation.py --input '"p4"'
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from podium import agent
from podium.patterns import coordinate, parallel, sequence

POSTS = Path(__file__).parent / "data" / "moderation" / "posts.jsonl"
Judgement = Literal["keep", "hide", "remove"]
INSULTS = re.compile(r"\b(?:idiot|moron|scum)\b", re.IGNORECASE)
VIOLENCE = re.compile(r"\b(?:kills?|deadly|shoot|stab)\b", re.IGNORECASE)
WARNS = re.compile(r"\b(?:before|careful|slow|speed|trail|bridge)\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Post:
    """What a member wrote; `member_for` are days."""

    id: str
    text: str
    member_for: int


@agent
def fetch(id: str) -> Post:
    """Get a post by its id."""
    posts = [Post(**json.loads(line)) for line in POSTS.read_text(encoding="utf-8").splitlines()]
    return next(post for post in posts if post.id == id)


@agent
def spam(post: Post) -> Judgement:
    """Looks for adverts: several links from somebody new."""
    links = post.text.count("http")
    return "remove" if links > 2 and post.member_for < 7 else "keep"


@agent
def manners(post: Post) -> Judgement:
    """Looks for insults."""
    return "hide" if INSULTS.search(post.text) else "keep"


@agent
def safety(post: Post) -> Judgement:
    """Looks for threats."""
    return "remove" if VIOLENCE.search(post.text) else "keep"


@agent
def shouting(post: Post) -> Judgement:
    """Looks for posts in capitals."""
    letters = [letter for letter in post.text if letter.isalpha()]
    return "hide" if sum(map(str.isupper, letters)) > len(letters) / 2 else "keep"


@agent
def coordinator(task: Post, values: dict[str, Judgement]) -> Judgement:
    """Weighs what the moderators could not know of each other."""
    if values["spam"] == "remove":
        return "remove"
    if values["safety"] == "remove" and len(WARNS.findall(task.text)) < 2:
        return "remove"  # words of violence, and no warning of a danger
    if values["manners"] == "hide":
        return "hide"
    return "hide" if values["shouting"] == "hide" and task.member_for < 7 else "keep"


moderation = sequence(
    fetch, parallel(spam, manners, safety, shouting, merge=coordinate(coordinator)), name="moderation"
)
