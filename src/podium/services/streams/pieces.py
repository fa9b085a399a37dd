"""What models write, piece by piece, without secrets that are split over pieces."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from podium.model.json import Json, is_array, is_object
from podium.model.streams.transient import PartialOutput, TextDelta, ThinkingDelta, ToolCallDelta
from podium.secrets.masking import MASKING
from podium.secrets.streamed import StreamedText

StreamPiece = TextDelta | ThinkingDelta | ToolCallDelta | PartialOutput
PIECES = (TextDelta, ThinkingDelta, ToolCallDelta, PartialOutput)
"""The events of which one goes on where the last one of its kind ended, or stands in its place."""


class PiecePlace(NamedTuple):
    """Whose pieces go together."""

    key: str
    """Of the call or branch."""
    attempt: int
    step: str


class _Text:
    """A text that comes in pieces, of one kind."""

    def __init__(self) -> None:
        self._text = StreamedText()
        self._last: TextDelta | ThinkingDelta | ToolCallDelta | None = None

    def add(self, piece: TextDelta | ThinkingDelta | ToolCallDelta) -> StreamPiece | None:
        self._last = piece
        said = self._text.add(_said(piece))
        begins = isinstance(piece, ToolCallDelta) and not piece.arguments
        return _saying(piece, said) if said or begins else None

    def end(self) -> StreamPiece | None:
        rest = self._text.end()
        return _saying(self._last, rest) if rest and self._last is not None else None


class _Output:
    """A structured answer as far as it is written: only its last text may be cut."""

    def __init__(self) -> None:
        self._whole: PartialOutput | None = None

    def add(self, piece: PartialOutput) -> StreamPiece | None:
        cut = PartialOutput(_cut(piece.output))
        self._whole = None if cut == piece else piece
        return cut

    def end(self) -> StreamPiece | None:
        whole, self._whole = self._whole, None
        return whole


class HeldPieces:
    """What is held back of what a run tells while it happens, since a secret may begin with it."""

    def __init__(self) -> None:
        self._texts: dict[tuple[PiecePlace, str, str], _Text | _Output] = {}

    def __bool__(self) -> bool:
        return bool(self._texts)

    def add(self, place: PiecePlace, piece: StreamPiece) -> StreamPiece | None:
        """Return what may be told of a piece by now, with what was held back before it; None is nothing."""
        use = piece.id if isinstance(piece, ToolCallDelta) else ""
        known = self._texts.get((place, piece.type, use))
        if isinstance(piece, PartialOutput):
            output = known if isinstance(known, _Output) else _Output()
            self._texts[place, piece.type, use] = output
            return output.add(piece)
        text = known if isinstance(known, _Text) else _Text()
        self._texts[place, piece.type, use] = text
        return text.add(piece)

    def forget(self, key: str) -> None:
        """Drop what is held back of a call: it is made again."""
        for each in [each for each in self._texts if each[0].key == key]:
            del self._texts[each]

    def end(self, key: str = "") -> Iterator[tuple[PiecePlace, StreamPiece]]:
        """Give what is held back at the key of a call, or of a step of one, and below it; without a key, all."""
        call, _, step = key.partition("/")
        for each in [each for each in self._texts if not key or _is_in(each[0], call, step)]:
            if (rest := self._texts.pop(each).end()) is not None:
                yield each[0], rest


def _is_in(place: PiecePlace, call: str, step: str) -> bool:
    return place.key == call and (not step or place.step == step or place.step.startswith(f"{step}/"))


def _said(piece: TextDelta | ThinkingDelta | ToolCallDelta) -> str:
    return piece.arguments if isinstance(piece, ToolCallDelta) else piece.text


def _saying(piece: TextDelta | ThinkingDelta | ToolCallDelta, said: str) -> StreamPiece:
    return replace(piece, arguments=said) if isinstance(piece, ToolCallDelta) else replace(piece, text=said)


def _cut(value: Json) -> Json:
    """Return a JSON value without the end of its last text that a secret may begin with."""
    if isinstance(value, str):
        return value[: MASKING.held_from(value)]
    if is_array(value) and value:
        return [*value[:-1], _cut(value[-1])]
    if is_object(value) and value:
        last = next(reversed(value))
        return {**value, last: _cut(value[last])}
    return value
