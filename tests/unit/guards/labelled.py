"""Lines in which is marked what `pii` should find, and how often it does: `python -m tests.unit.guards.labelled`."""

import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from podium.guards.finding.kinds import KINDS, find

PARTS = ("written_with", "mended_after", "held_out")
"""Those that the finder was written with, those after which it was mended, and those that came when it was finished."""
NOTHING = "nothing"
_MARK = re.compile(rf"\[({'|'.join(KINDS)})\|([^\]]*)\]")
_ESCAPE = re.compile(r"\\u([0-9a-f]{4})")
_MORE = 3
"""So many characters more than were marked may be masked with them, such as a bracket."""

Span = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Line:
    """One line, and where in it what stands."""

    language: str
    text: str
    marked: tuple[Span, ...]


def lines_of(part: str) -> list[Line]:
    """Return the lines of one part."""
    path = Path(__file__).parent / "lines" / f"{part}.tsv"
    return [_line(each) for each in path.read_text("utf-8").splitlines()]


def _line(written: str) -> Line:
    language, text = written.split("\t")
    text = _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text)
    plain, marked, last = "", list[Span](), 0
    for mark in _MARK.finditer(text):
        plain += text[last : mark.start()]
        marked.append((len(plain), len(plain) + len(mark[2]), mark[1]))
        plain, last = plain + mark[2], mark.end()
    return Line(language, plain + text[last:], tuple(marked))


def confusion(lines: list[Line]) -> Counter[tuple[str, str]]:
    """Count what is marked as which kind, and as which it is found: all of it, and hardly more."""
    counts = Counter[tuple[str, str]]()
    for line in lines:
        found, met = find(line.text, KINDS.keys()), set[Span]()
        for start, end, kind in line.marked:
            met |= {each for each in found if each[0] < end and start < each[1]}
            whole = [at for at in found if at[0] <= start and end <= at[1] and at[1] - at[0] <= end - start + _MORE]
            counts[kind, whole[0][2] if whole else NOTHING] += 1
        counts.update((NOTHING, kind) for *_, kind in set(found) - met)
    return counts


def table(part: str) -> list[str]:
    """Return the confusion of one part, as the documentation shows it."""
    counts = confusion(lines_of(part))
    rows: list[str] = []
    for kind in KINDS:
        of_kind = {found: count for (marked, found), count in counts.items() if marked == kind}
        other = sum(count for found, count in of_kind.items() if found not in {kind, NOTHING})
        cells = (sum(of_kind.values()), of_kind.get(kind, 0), other, of_kind.get(NOTHING, 0), counts[NOTHING, kind])
        rows.append(f"| `{kind}` | {' | '.join(map(str, cells))} |")
    return rows


if __name__ == "__main__":
    for each in PARTS:
        sys.stdout.write("\n".join((each, *table(each), "")))
