"""What stands in the boxes of a flowchart, and on its arrows."""

from podium.model.outcome import cut


def label(text: str, longest: int) -> str:
    """Return a text as one line of at most `longest` characters; what is left out is in its middle."""
    return cut(" ".join(text.split()), longest)
