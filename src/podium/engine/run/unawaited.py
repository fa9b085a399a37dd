"""What a context was asked for and nobody has awaited yet, with the line that asked for it."""

from itertools import islice
from types import CodeType

from podium.errors import NotAwaited

AskedAt = tuple[CodeType, int]
"""The code that asked, and the instruction of it: cheap to keep, and a line can be made of it."""

_SHOWN = 3


def check_awaited(unawaited: dict[str, AskedAt], path: str, own_file: str) -> None:
    """Raise NotAwaited where nobody has awaited what the context with this path was asked for.

    `own_file` is that of the context, which asks itself for the parts of a `map`.
    """
    left = [asked for key, asked in unawaited.items() if key.rpartition(".")[0] == path]
    if not left:
        return
    places = list(dict.fromkeys(place_of_asking(*asked) for asked in left if asked[0].co_filename != own_file))
    more = f" and {len(places) - _SHOWN} more lines" if len(places) > _SHOWN else ""
    raise NotAwaited(
        f"what was asked for at {', '.join(places[:_SHOWN])}{more} was never awaited, so it was not done. "
        "Write `await ctx.…`, join it with others in `await ctx.gather(…)`, or `.close()` what is not wanted."
    )


def place_of_asking(code: CodeType, instruction: int) -> str:
    """Return file, line and function of an instruction."""
    line, *_ = next(islice(code.co_positions(), instruction // 2, None))
    return f"{code.co_filename}:{line} in {code.co_qualname}"
