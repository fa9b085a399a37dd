"""Names that members and programs give: read as a person would, and told what they could have been."""

import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches

_AROUND = " \t\r\n\"'`*_.,:;!?()[]<>"
"""What a language model writes around a name."""
_NAME = re.compile(r"\w[\w-]*")


def reads_as_name(text: str) -> bool:
    """Whether a text is the name of an agent where a rule in CEL may stand too: `answer` is, `(answer)` is a rule."""
    return _NAME.fullmatch(text) is not None


def named(said: str, among: Collection[str]) -> str | None:
    """Return which of the names is meant, or None: it need not agree in case, nor in what stands around it."""
    if said in among:
        return said
    for clean in (str.strip, _bare):
        found = [each for each in among if clean(each).casefold() == clean(said).casefold()]
        if len(found) == 1:
            return found[0]
    return None


def choices(said: str, among: Collection[str]) -> str:
    """Return what could have been said in place of an unknown name, and which was perhaps meant."""
    there = ", ".join(among) or "nobody"
    near = closest(said, among)
    return f"there is {there}{f'; did you mean {near}?' if near else ''}"


def meant(name: str, there: Iterable[str], otherwise: str = "") -> str:
    """Return the end of a sentence: which of the names that are there was probably meant, or something otherwise."""
    near = closest(name, [each for each in there if not each.startswith("_")])
    return f": did you mean {near}?" if near else f"{otherwise}."


def closest(said: str, among: Iterable[str]) -> str | None:
    """Return which of the names is nearest to what was said, whatever its case and what stands around it, or None."""
    folded = {each.casefold(): each for each in among}
    near = get_close_matches(_bare(said).casefold(), folded, n=1)
    return folded[near[0]] if near else None


def _bare(name: str) -> str:
    return name.strip(_AROUND)
