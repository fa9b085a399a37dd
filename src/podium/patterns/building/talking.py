"""A pattern in a conversation: its members hear what was said before, and those who speak in it say their part."""

from collections.abc import Callable

from podium.engine.context import Context
from podium.engine.run.primitive import Primitive
from podium.model.acceptance import Acceptance
from podium.model.conversation import ConversationTurn, as_text
from podium.model.json import Json
from podium.patterns.building.inputs import plain
from podium.patterns.building.members import Member


def words(value: object) -> str:
    """Return what was asked or answered as it stands in a conversation: a text as it is, anything else as JSON."""
    return as_text(plain(value))


def asked(
    ctx: Context, member: Member, input: object, turn: ConversationTurn | None = None, *,
    accept: Acceptance | None = None, label: str | None = None,
) -> Primitive[object]:  # fmt: skip
    """Return the call of a member; where the pattern has its turn in a conversation it listens, or has this turn."""
    if turn is None and (name := _talk(ctx)) is not None:
        turn = ConversationTurn(name, says="nothing")
    return ctx.call(member, input, conversation=turn, accept=accept, label=label)


def _talk(ctx: Context) -> str | None:
    """Return the conversation in which the pattern was called; a call without one takes part in none around it."""
    return None if ctx.says is None else ctx.conversation


def speaking(ctx: Context) -> ConversationTurn | None:
    """Return the turn of a member that speaks for the team: with its input and its answer, or as a team of its own."""
    name = _talk(ctx)
    return None if name is None else ConversationTurn(name)


def voice(ctx: Context, task: object | None, answered: Callable[[Json], str | None] = words) -> ConversationTurn | None:
    """Return the turn of a member that says what it answers, in these words, and before that what the team was asked.

    None as the `task` leaves the question out: it was said. A team in its place speaks as one.
    """
    name = _talk(ctx)
    if name is None:
        return None
    if task is None:
        return ConversationTurn(name, says="answer", answered=answered)
    return ConversationTurn(name, asked=words(task), answered=answered)
