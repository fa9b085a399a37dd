"""Standard output and error of commands: what a terminal must not obey is shown as escapes."""

from collections.abc import Iterable
from typing import Any, TextIO

from podium.formats.printable import printable


class PrintableStream:
    """Standard output or error of a command: whoever writes there, all of it is made printable.

    It says of itself that it is no terminal: what would colour its texts there, or move the cursor, leaves that out.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        """Where it goes; what is written to it directly is not masked."""

    def write(self, text: str) -> int:
        """Write a text, masked."""
        self.stream.write(printable(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write texts, masked."""
        self.stream.writelines(map(printable, lines))

    def isatty(self) -> bool:
        """Return False."""
        return False

    def __getattr__(self, name: str) -> Any:
        """Return all else as the stream itself has it."""
        return getattr(self.stream, name)
