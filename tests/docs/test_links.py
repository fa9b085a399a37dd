"""Every relative link of a Markdown page leads somewhere, to the heading too."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).parents[2]
FENCED = re.compile(r"^ *(`{3,}).*?^ *\1 *$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[(?:[^\]\[]|\[[^\]]*\])*\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)|\b(?:href|src)=\"([^\"]+)\"")
HEADING = re.compile(r"^#{1,6} +(.*?) *#* *$", re.MULTILINE)
FOREIGN = re.compile(r"^[a-z][a-z0-9+.-]*:")


def pages() -> list[Path]:
    folders = ("docs", "examples", "benchmarks")
    return [*ROOT.glob("*.md"), *(page for folder in folders for page in sorted(ROOT.glob(f"{folder}/**/*.md")))]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, made as GitHub makes them."""
    headings = HEADING.findall(FENCED.sub("", page.read_text()))
    plain = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


def links(page: Path) -> Iterator[str]:
    text = re.sub(r"`[^`\n]*`", "`", FENCED.sub("", page.read_text()))
    yield from (unquote(one or other) for one, other in LINK.findall(text))


def leads_nowhere(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    if not target.exists():
        return True
    return bool(anchor) and target.suffix == ".md" and anchor not in anchors(target)


def test_every_relative_link_resolves() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in pages()
        for link in links(page)
        if not FOREIGN.match(link) and leads_nowhere(page, link)
    ]
    assert broken == []
