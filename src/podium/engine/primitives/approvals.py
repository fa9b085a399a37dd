"""Approvals: what is asked, and what several answers mean together."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from podium.agents.shape import shape_of
from podium.errors import InvalidValue, UsageError
from podium.model.agent import Shape
from podium.model.duration import Duration
from podium.model.json import Json
from podium.model.question import Approval, Ask, Decision, PersonAnswer, approval_schema


def approval_of(
    question: Approval, subject: Json, *, to: str, within: Duration | None, quorum: int
) -> "tuple[Ask, DecisionShape]":
    """Return how an approval is asked, and the shape of its decision."""
    if question.edit is not None and quorum > 1:
        raise UsageError(
            f"{question.text!r} needs {quorum} people and lets each of them edit: what one changed, nobody else "
            "approved. Leave `edit` out, or ask one person."
        )
    edit = None if question.edit is None else shape_of(question.edit)
    schema = approval_schema(edit=None if edit is None else edit.schema, questions=question.questions)
    ask = Ask(
        text=question.text, subject=subject, schema=schema, to=to, within=within, quorum=quorum,
        kind="approval",
    )  # fmt: skip
    return ask, DecisionShape(edit)


def decided(ask: Ask, answers: Sequence[PersonAnswer]) -> Json:
    """Return the decision of several answers: approved if all approve; a rejection wins over a question back."""
    said = [answer.value for answer in answers]
    decision: dict[str, Json] = {
        "approved": all(each.get("approved", False) for each in said),
        "by": [answer.by for answer in answers],
        "comment": "; ".join(filter(None, (each.get("comment", "") for each in said))),
        "to": ask.to,
    }
    if decision["approved"] and "value" in said[0]:
        decision["value"] = said[0]["value"]
    if not any(each.get("approved") is False for each in said):
        decision["question"] = "\n".join(each["question"] for each in said if "question" in each)
    return decision


class DecisionShape:
    """How a Decision becomes JSON and comes back."""

    schema: Json = None
    type: Any = Decision

    def __init__(self, edit: Shape[Any] | None) -> None:
        self._edit = edit
        """The shape of an edited value, where the approval allows one."""

    def dump(self, value: Decision) -> Json:
        """Return it as a dict."""
        plain: dict[str, Json] = {
            "approved": value.approved, "by": list(value.by), "comment": value.comment, "question": value.question,
            "to": value.to,
        }  # fmt: skip
        return {**plain, "value": self._edit.dump(value.value)} if self._edit and value.edited else plain

    def redump(self, value: Decision, *, normalised: bool = False) -> Json:
        """Return it as a dict."""
        return self.dump(value)

    def restore(self, value: Json) -> Decision:
        """Return the recorded decision; raises InvalidValue where nobody may edit now what somebody edited."""
        if self._edit is None and "value" in value:
            raise InvalidValue("expected a decision that nobody edited")
        return self._decision(value, None if self._edit is None else self._edit.restore)

    def load(self, value: Json) -> Decision:
        """Return the decision of a dict; raises InvalidValue where an edited value is not of its type."""
        return self._decision(value, None if self._edit is None else self._edit.load)

    def _decision(self, value: Json, edited: Callable[[Json], Any] | None) -> Decision:
        decision = Decision(
            approved=value["approved"], by=tuple(value["by"]), comment=value["comment"],
            question=value.get("question", ""), to=value.get("to", ""),
        )  # fmt: skip
        if edited is None or "value" not in value:
            return decision
        return replace(decision, edited=True, value=edited(value["value"]))
