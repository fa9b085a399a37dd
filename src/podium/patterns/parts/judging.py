"""A judge who cannot tell whose work is whose: what `ensemble` and `debate` share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from string import ascii_uppercase

from podium.engine.context import Context
from podium.errors import NoDecision
from podium.patterns.building.names import choices, named
from podium.patterns.building.role import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What a judge gives."""

    winner: str
    """The label of the best one."""
    reasons: str = ""
    scores: dict[str, float] = field(default_factory=dict[str, float])
    """How good each one is, by label; larger is better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A ruling, in the names of those who were judged."""

    winner: str
    reasons: str
    """As the judge wrote them: `labels` says who is meant."""
    scores: dict[str, float] = field(default_factory=dict[str, float])
    labels: dict[str, str] = field(default_factory=dict[str, str])
    """The label under which the judge saw each one."""


async def judged(ctx: Context, judge: Role[Ruling], part: str, works: Mapping[str, object], **others: object) -> Judged:
    """Have works judged, told as `part`: under neutral labels, in an order drawn by lot.

    So neither a name nor a place favours one. Raises NoDecision where the winner is none of the labels.
    """
    names = list(works)
    ctx.random().shuffle(names)
    labels = {_label(number): name for number, name in enumerate(names)}
    shown = {label: works[name] for label, name in labels.items()}

    def known(ruling: Ruling) -> Ruling:
        winner = named(ruling.winner, labels)
        if winner is None:
            raise NoDecision(
                f"{judge.pattern}: {judge.who}, its {judge.title}, chose {ruling.winner!r}: "
                f"{choices(ruling.winner, labels)}. Have it give one of the labels as `winner`."
            )
        scores = {label: score for each, score in ruling.scores.items() if (label := named(each, labels)) is not None}
        return Ruling(winner=winner, reasons=ruling.reasons, scores=scores)

    ruling = await judge.settle(ctx, known, **others, **{part: shown})
    scores = {labels[label]: score for label, score in ruling.scores.items()}
    return Judged(
        winner=labels[ruling.winner],
        reasons=ruling.reasons,
        scores={name: scores[name] for name in works if name in scores},
        labels={name: label for label, name in labels.items()},
    )


def _label(number: int) -> str:
    """Return a letter, and after Z a letter with a number."""
    turn, letter = divmod(number, len(ascii_uppercase))
    return f"{ascii_uppercase[letter]}{turn or ''}"
