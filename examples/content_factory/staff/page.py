"""The page: how it is found, its picture, and putting both to the text."""

from podium import agent
from staff.papers import Article, Draft, Listing, Picture

_LONGEST_DESCRIPTION = 155
_BAR, _GAP, _HEIGHT = 40, 12, 120


@agent
def optimise(draft: Draft) -> Listing:
    """Word the title and the description so that the page is found under its keywords."""
    topic = draft.brief.trend.topic
    others = [word for word in draft.brief.keywords if word not in topic.split()]
    title = f"{topic.capitalize()}: {' and '.join(others[:2])}"
    description = f"{title}. {draft.sentences[0].text}"
    if len(description) > _LONGEST_DESCRIPTION:
        description = f"{description[: _LONGEST_DESCRIPTION - 1].rpartition(' ')[0]}…"
    return Listing(title=title, slug=topic.replace(" ", "-"), description=description)


@agent
def illustrate(draft: Draft) -> Picture:
    """Draw how much people talk of it, week by week."""
    weeks = draft.brief.trend.weeks
    bars = "".join(
        f'<rect x="{n * (_BAR + _GAP)}" y="{_HEIGHT - height}" width="{_BAR}" height="{height}" fill="#2f7d4f"/>'
        for n, height in enumerate(round(_HEIGHT * count / max(*weeks, 1)) for count in weeks)
    )
    width = len(weeks) * (_BAR + _GAP) - _GAP
    title = f"<title>Posts about {draft.brief.trend.topic}, by week: {', '.join(map(str, weeks))}</title>"
    return Picture(svg=f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_HEIGHT}">{title}{bars}</svg>\n')


def keep(draft: Draft) -> Draft:
    """Give the text itself, beside what is made of it."""
    return draft


keep_text = agent(name="keep_text")(keep)


def assemble(parts: tuple[Draft, Listing, Picture]) -> Article:
    """Put text, listing and picture together."""
    draft, listing, picture = parts
    return Article(draft=draft, listing=listing, picture=picture)
