"""Who really did something, told by a file outside the store."""

import os
from collections import Counter
from pathlib import Path


class Witness:
    """Appends a line for each thing that is really done, also by processes that die right afterwards.

    How often something was executed is counted here, never in the journal, which is what is being tested.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    def saw(self, *words: object) -> None:
        """Append one line, in one write: lines of several processes do not mix."""
        line = " ".join(str(word) for word in words)
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(file, f"{line}\n".encode())
        finally:
            os.close(file)

    def lines(self) -> list[str]:
        """Return everything that was seen, in order."""
        return self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else []

    def counts(self) -> Counter[str]:
        """Return how often each line was seen."""
        return Counter(self.lines())

    def count(self, *words: object) -> int:
        """Return how many lines begin with these words."""
        wanted = [str(word) for word in words]
        return sum(line.split(" ")[: len(wanted)] == wanted for line in self.lines())
