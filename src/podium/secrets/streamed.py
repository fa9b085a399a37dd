"""A text that comes in pieces, without the secrets that are split over them."""

from podium.secrets.masking import MASKING


class StreamedText:
    """Masks the pieces of one text: together they are what the whole text would be, masked.

    The end of a piece that a secret may begin with is held back until it is known whether one does: fewer characters
    than the longest way in which a secret is written.
    """

    __slots__ = ("_held", "_shown")

    def __init__(self) -> None:
        self._held = ""
        self._shown = 0
        """Up to where what is held back is masked already: it overlaps with a secret before it."""

    def add(self, piece: str) -> str:
        """Return what may be shown by now."""
        text = self._held + piece
        masked, held, shown = MASKING.piece(text, self._shown)
        self._held, self._shown = text[held:], shown - held
        return masked

    def end(self) -> str:
        """Return the rest: nothing more comes."""
        rest = MASKING.rest(self._held, self._shown)
        self._held, self._shown = "", 0
        return rest
