"""`patterns`: what texts may not have in them, or have to be. Needs the extra `podium[guards]`."""

from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from importlib import import_module
from typing import Protocol

from podium.errors import UsageError
from podium.guards.custom import BOTH, CustomCheck, check_guard
from podium.guards.texts import changed, looked_through, texts, too_long
from podium.model.guard import Checked, GuardFinding, GuardPlace, Objected, Passed, Repaired

MASK = "***"


class TextPattern(Protocol):
    """A compiled pattern of RE2."""

    def search(self, text: str, /) -> object | None:
        """Find it anywhere."""
        ...

    def fullmatch(self, text: str, /) -> object | None:
        """Find it as the whole."""
        ...

    def sub(self, repl: Callable[[object], str], text: str, /) -> str:
        """Replace it."""
        ...


def patterns(
    *, deny: Iterable[str] = (), allow: Iterable[str] = (), repair: bool = False, on: Iterable[GuardPlace] = BOTH,
    ask: str | None = None, name: str = "patterns",
) -> CustomCheck:  # fmt: skip
    """Return a guard that objects to a text with one of `deny` in it, or that is none of `allow`.

    All texts of a value are looked at, for `deny` the keys too. `repair` puts `***` in place of what `deny` finds. The
    patterns are those of RE2, which takes time in proportion to the text, whatever the pattern: no
    look-around, no back-references; `(?i)` for either case. Raises UsageError for a pattern that is none.
    """
    check_guard(name, deny=deny, allow=allow, repair=repair, ask=ask)
    refused, wanted = {each: _compiled(each) for each in deny}, [_compiled(each) for each in allow]
    if not refused and not wanted:
        raise UsageError(f"the guard {name} has no patterns: give it some to deny or to allow")

    def look(checked: Checked) -> GuardFinding | Awaitable[GuardFinding]:
        if long := too_long(checked.value):
            return Objected(long, ask)
        return looked_through(checked.value, partial(judged, checked))

    def judged(checked: Checked) -> GuardFinding:
        if wanted and not all(
            any(each.fullmatch(text) for each in wanted) for text in texts(checked.value, keys=False)
        ):
            return Objected("a text is none of what is allowed", ask)
        found = [spelt for spelt, each in refused.items() if any(each.search(text) for text in texts(checked.value))]
        if not found:
            return Passed()
        reason = f"found what is denied: {', '.join(found)}"
        if not repair:
            return Objected(reason, ask)
        return Repaired(changed(checked.value, lambda text, _: _masked(text, refused.values())), reason)

    return CustomCheck(name, on, look)


def _masked(text: str, refused: Iterable[TextPattern]) -> str:
    for each in refused:
        text = each.sub(lambda _: MASK, text)
    return text


def _compiled(pattern: str) -> TextPattern:
    try:
        re2 = import_module("re2")
    except ImportError as error:
        raise UsageError('patterns need the extra guards: pip install "podium[guards]"') from error
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        raise UsageError(f"{pattern!r} is no pattern of RE2: {said}") from error
