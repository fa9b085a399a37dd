"""What all errors of Podium are."""

from typing import ClassVar


class PodiumError(Exception):
    """An error of Podium. `code` is stable and is its page in the documentation."""

    code: ClassVar[str] = "podium"
