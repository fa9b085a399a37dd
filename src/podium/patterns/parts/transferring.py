"""Hand-offs as tools: a language model that gives an answer of its own type hands over with `transfer_to_NAME`."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, cast

from podium.agents.agent_tool import fitting_name
from podium.agents.frameworks.ending_tool import EndingTool
from podium.agents.schema import disagreement
from podium.agents.shape import TypeShape, shape_of
from podium.model.agent import AnyAgent
from podium.model.json import Json
from podium.patterns.building.members import Member
from podium.patterns.parts.control import Answer, HandOff

_GIVES: TypeShape[HandOff | Answer] = shape_of(HandOff | Answer)


class _EndsWithTools(Protocol):
    """A language model that may end its turn with a tool."""

    def ending_with(
        self, tools: Sequence[EndingTool], *, kind: type[object], answer: Callable[[Json], object], gives: Any,
        version: str,
    ) -> AnyAgent: ...  # fmt: skip


def transferring(member: Member, targets: Mapping[str, str]) -> Member:
    """Return a member that hands over with tools, where it is a language model whose answer is no hand-off itself.

    `targets` are whom it may hand to, and what these can do. Any other member is returned as it is.
    """
    if isinstance(member, str) or not hasattr(member, "ending_with"):
        return member
    if disagreement(member.output.schema, _GIVES.schema) is None:
        return member
    able = cast("_EndsWithTools", member)
    tools = [
        EndingTool(
            name=fitting_name(f"transfer_to_{to}"), description=f"Hand over to {to}. {can}".rstrip(),
            function=_transfer(to),
        )
        for to, can in targets.items()
    ]  # fmt: skip
    version = "+".join([member.card.version, *targets])
    return able.ending_with(tools, kind=HandOff, answer=partial(_answer), gives=_GIVES, version=version)


def _answer(value: Json) -> Answer:
    return Answer(answer=value)


def _transfer(to: str) -> Callable[..., HandOff]:
    def transfer(reason: str, context: dict[str, Json] | None = None) -> HandOff:
        """Say why, and what the other one needs to know, by name."""
        return HandOff(to=to, reason=reason, context=context or {})

    return transfer
