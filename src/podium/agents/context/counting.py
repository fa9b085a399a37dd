"""How many tokens what is sent comes to, as whoever counts them says."""

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import repeat

from podium.agents.context.piece import Piece, SaidPart
from podium.model.files import files_in, is_file
from podium.model.json import Json, is_array
from podium.model.parts_said import text_of

TokenCounter = Callable[[str], int]
"""Returns the tokens of a text, such as `lambda text: len(encoding.encode(text, disallowed_special=()))`."""

_BYTES_OF_A_TOKEN = 3
_MARKS = 4
_FILE_TOKENS = 1_500
_NOT_SAID = frozenset({"part_kind", "timestamp", "metadata", "id", "tool_call_id", "provider_name"})


def estimated_tokens(text: str) -> int:
    """Return about how many tokens a text has: one for 3 bytes of UTF-8, and 4 that mark where it begins and ends.

    English has 4 bytes to a token or more, most code and JSON about 3, so this mostly is too many. Long numbers and
    rare scripts may have more tokens than this.
    """
    return -(-len(text.encode("utf-8", "replace")) // _BYTES_OF_A_TOKEN) + _MARKS


def tokens_of(pieces: Iterable[Piece], count: TokenCounter) -> int:
    """Return the tokens of pieces: each text is counted by itself, and each file as 1,500."""
    found = 0
    for piece in pieces:
        for part in piece.parts:
            found += sum(_FILE_TOKENS if text is None else count(text) for text in texts_of(part))
    return found


def texts_of(part: SaidPart) -> Iterator[str | None]:
    """Give the texts that a part sends; None stands for a file."""
    content: Json = part.get("content")
    if "args" in part:
        yield f"{part['tool_name']} {_as_text(part['args'])}"
    elif content is None:
        yield _as_text({name: value for name, value in part.items() if name not in _NOT_SAID})
    else:
        apart = [each for each in content if not is_file(each)] if is_array(content) else content
        yield text_of(apart)
        yield from repeat(None, files_in(content))


def _as_text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
