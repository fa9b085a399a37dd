"""The press: puts an article where readers find it, once."""

import os
from pathlib import Path

from podium import agent
from podium.agents.function import NOT_DONE
from staff.papers import Article, Judged, Published


def _page(article: Article) -> Path:
    return Path(os.environ.get("FACTORY_SITE", "site")) / f"{article.listing.slug}.md"


def _text(article: Article) -> str:
    listing, said = article.listing, article.draft.sentences
    sources = sorted({each.source for each in said})
    body = " ".join(f"{each.text} [{sources.index(each.source) + 1}]" for each in said)
    listed = "\n".join(f"{n}. {source}" for n, source in enumerate(sources, 1))
    return f"# {listing.title}\n\n> {listing.description}\n\n![]({listing.slug}.svg)\n\n{body}\n\n{listed}\n"


def _published(judged: Judged) -> Published:
    sources = sorted({each.source for each in judged.article.draft.sentences})
    return Published(title=judged.article.listing.title, page=str(_page(judged.article)), sources=sources)


def is_there(judged: Judged) -> Published | object:
    """Say whether this very text was published, where a crash left that open."""
    page = _page(judged.article)
    there = page.is_file() and page.read_text(encoding="utf-8") == _text(judged.article)
    return _published(judged) if there else NOT_DONE


@agent(effects="once", verify=is_there)
def publish(judged: Judged) -> Published:
    """Write the page and its picture."""
    page = _page(judged.article)
    page.parent.mkdir(parents=True, exist_ok=True)
    page.with_suffix(".svg").write_text(judged.article.picture.svg, encoding="utf-8")
    page.write_text(_text(judged.article), encoding="utf-8")
    return _published(judged)
