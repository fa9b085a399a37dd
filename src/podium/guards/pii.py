"""`pii`: what tells who a person is, masked or kept out."""

import re
from collections import Counter
from collections.abc import Awaitable, Collection, Iterable
from functools import partial
from typing import Annotated

from pydantic import AfterValidator, PlainSerializer

from podium.agents.core_schemas import masking
from podium.errors import UsageError
from podium.guards.custom import BOTH, CustomCheck, check_guard
from podium.guards.finding.kinds import KINDS, find
from podium.guards.texts import changed, looked_through, texts, too_long
from podium.model.guard import NOT_IN_CONVERSATION, Checked, GuardFinding, GuardPlace, Objected, Passed, Repaired

ALL = frozenset(KINDS)


def pii(
    *, kinds: Iterable[str] = ALL, repair: bool = True, restore: bool = False, on: Iterable[GuardPlace] = BOTH,
    ask: str | None = None, name: str = "pii",
) -> CustomCheck:  # fmt: skip
    """Return a guard of what tells who a person is: e-mail, phone, IBAN, card, IP address, national id.

    It is masked, `<EMAIL_1>`, all texts and keys of a value; or objected to, without `repair`. With `restore`, what was
    masked in the input is put back where the output has the mask: the agent itself never sees it. A call in a
    conversation is refused with `restore`: there the same mask may stand for what was said in another call.
    """
    check_guard(name, kinds=kinds, repair=repair, restore=restore, ask=ask)
    wanted = frozenset(kinds)
    if not wanted or wanted - ALL:
        raise UsageError(f"the guard {name} looks for {sorted(wanted)}: expected some of {sorted(ALL)}")

    def look(checked: Checked) -> GuardFinding | Awaitable[GuardFinding]:
        if restore and checked.place == "input" and checked.call.conversation is not None:
            return Objected(NOT_IN_CONVERSATION)
        if long := too_long(checked.value):
            return Objected(long, ask)
        return looked_through(checked.value, partial(judged, checked))

    def judged(checked: Checked) -> GuardFinding:
        masks = _Masks(wanted, texts(checked.value))
        masked = changed(checked.value, masks.mask)
        if not masks.back:
            return Passed()
        if not repair:
            return Objected(f"found {masks.told()}", ask)
        back = masks.back if restore and checked.place == "input" else {}
        return Repaired(masked, f"masked {masks.told()}", back)

    return CustomCheck(name, on, look)


class _Masks:
    """The masks of one value: the same text has the same mask everywhere in it."""

    def __init__(self, kinds: Collection[str], there: Iterable[str]) -> None:
        self.back: dict[str, str] = {}
        self._masks: dict[str, str] = {}
        self._kinds = kinds
        self._there = {mask for text in there if "<" in text for mask in re.findall(r"<[A-Z]{2,8}_[0-9]{1,9}>", text)}
        """Masks that are there already."""
        self._counts = Counter[str]()
        self._found = Counter[str]()

    def mask(self, text: str, under: str = "") -> str:
        """Return a text with everything in it masked; the key that it is `under` may say what it is."""
        parts: list[str] = []
        last = 0
        for start, end, kind in find(text, self._kinds, label=under):
            parts += [text[last:start], self._mask_of(text[start:end], kind)]
            last = end
        return "".join([*parts, text[last:]])

    def told(self) -> str:
        """Say what was found: the kinds and how many, nothing else."""
        return ", ".join(f"{kind} ({number})" for kind, number in sorted(self._found.items()))

    def _mask_of(self, found: str, kind: str) -> str:
        if found not in self._masks:
            self._found[kind] += 1
            mask = self._next(kind)
            while mask in self._there:
                mask = self._next(kind)
            self._masks[found] = mask
            self.back[mask] = found
        return self._masks[found]

    def _next(self, kind: str) -> str:
        self._counts[kind] += 1
        return f"<{kind.upper()}_{self._counts[kind]}>"


@masking
def without_pii(text: str) -> str:
    """Return a text in which everything is masked that tells who a person is."""
    return _Masks(ALL, (text,)).mask(text)


NoPii = Annotated[str, AfterValidator(without_pii), PlainSerializer(without_pii)]
"""A text that is masked before anything is recorded of it: as (a field of) an agent's or workflow's input or output."""
