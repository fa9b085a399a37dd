"""What is shown of texts that nobody must obey: characters that steer what shows them, or are not seen, as escapes."""

import re

_STEERING = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufff9-\ufffb"
"""Controls of C0 and C1 but for tab and newline, other ends of lines, and what sets the direction of writing."""
_UNSEEN = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u2065\u3164\ufeff\uffa0\ufff0-\ufff8"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""What takes no room, or looks like a space, so that text can be hidden in it: tags and selectors among it."""
_ALONE = "\ud800-\udfff"
"""Halves of surrogate pairs, which no encoding has."""
_SELECTORS = f"(?<![^\x00-\x7f{_STEERING}{_UNSEEN}{_ALONE}\ufe00-\ufe0f])[\ufe0e\ufe0f](?!\u20e3)|[\ufe00-\ufe0d]"
"""What chooses how the character before it looks: once, after one such as a heart, it is what it is meant to be."""
_EMOJI = "\u2190-\u2bff\U0001f000-\U0001faff"
_LETTERS = "\u0620-\u06ff\u0750-\u077f\u08a0-\u08ff\u0900-\u0dff"
"""Of scripts in which it matters whether letters are joined: Arabic, and those of India."""
_JOINERS = (
    f"(?<![{_EMOJI}\ufe0f{_LETTERS}])\u200d|(?<=[{_EMOJI}\ufe0f])\u200d(?![{_EMOJI}])"
    f"|(?<=[{_LETTERS}])\u200d(?![{_LETTERS}])|(?<![{_LETTERS}])\u200c|\u200c(?![{_LETTERS}])"
)
"""What joins characters or keeps them apart: between emoji, or such letters, it is what it is meant to be."""
_MASKED = re.compile(f"[{_STEERING}{_UNSEEN}{_ALONE}]|{_SELECTORS}|{_JOINERS}")


def printable(text: str) -> str:
    r"""Return a text as it may be shown: what steers a terminal or a page, or is not seen, as in JSON, `\u001b`.

    So JSON says the same as before. Lines stay lines.
    """
    return _MASKED.sub(_escaped, text.replace("\r\n", "\n"))


def in_line(text: str) -> str:
    """Return a text as it may stand within a line of its own: the ends of its lines are masked too."""
    return printable(text).replace("\n", "\\u000a").replace("\t", " ")


def beneath(text: str) -> str:
    """Return a text of several lines as one item: those after the first are set in, so none is taken for another's."""
    return text.replace("\n", "\n  ")


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
