"""What a console cannot show: drawn lines become ASCII, all else a question mark, and nothing ends in an error."""

import codecs
import io
import sys
from typing import TextIO, cast

from podium.cli.printable_stream import PrintableStream

_HANDLER = "podium.shown"
_ASCII = str.maketrans("│├└─━✓✗■…↗↶·→", "||`--+x#~><.>")
"""Those that commands draw with: one character for one, so that what stands in columns stays there."""


class Console:
    """Standard output and error of a command, whatever their encoding."""

    def __init__(self) -> None:
        self._replaced = False

    def prepare(self) -> None:
        """Have both mask from now on what could steer a terminal, and replace what their encoding does not have."""
        self._replaced = False
        codecs.register_error(_HANDLER, self._instead)
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors=_HANDLER)
        self.mask()

    def mask(self) -> None:
        """Have both mask what is written to them from now on: once more where somebody put others in their place."""
        for name in ("stdout", "stderr"):
            stream: TextIO | PrintableStream = getattr(sys, name)
            if not isinstance(stream, PrintableStream):
                setattr(sys, name, cast(TextIO, PrintableStream(stream)))

    def terminal(self, stream: TextIO) -> TextIO | None:
        """Return the terminal that a stream goes to, for what is masked and then styled; None where it is none."""
        behind = stream.stream if isinstance(stream, PrintableStream) else stream
        return behind if behind.isatty() else None

    def shows(self, text: str) -> bool:
        """Whether standard output can show a text as it is."""
        try:
            text.encode(sys.stdout.encoding or "utf-8")
        except UnicodeEncodeError:
            return False
        return True

    def remedy(self) -> str | None:
        """Return what helps where characters were replaced that mean something; else None."""
        if not self._replaced:
            return None
        encoding = sys.stdout.encoding or "utf-8"
        return f"some characters are shown as ?: this console is set to {encoding}. Set PYTHONUTF8=1, or use --json."

    def _instead(self, error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeEncodeError):
            raise error
        wanted = error.object[error.start : error.end].translate(_ASCII)
        self._replaced |= not wanted.isascii()
        return "".join(each if each.isascii() else "?" for each in wanted), error.end


CONSOLE = Console()
