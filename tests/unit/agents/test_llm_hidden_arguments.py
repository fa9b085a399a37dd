"""What a hook puts in and JSON does not show is not used: no rule could judge it."""

from typing import Any

import pytest
from pydantic import BaseModel, Field, field_serializer
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai.capabilities import Hooks
from pydantic_core import core_schema

from podium import App, Context, workflow
from podium.agents.pydantic_ai import from_pydantic_ai
from podium.testing import ScriptedModel, Use


class Plain(BaseModel):
    amount: int


class Serialized(BaseModel):
    amount: int

    @field_serializer("amount")
    def thousands(self, amount: int) -> int:
        return amount // 1000


class Excluded(BaseModel):
    amount: int = Field(exclude=True)


class Aliased(BaseModel):
    amount: int = Field(validation_alias="amt")


class Opaque:
    def __init__(self, amount: int) -> None:
        self.amount = amount

    @classmethod
    def __get_pydantic_core_schema__(cls, _: Any, __: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(lambda said: cls(said["amount"]), core_schema.dict_schema())


class Slotted(Opaque):
    __slots__ = ("amount",)


class Fresh(Opaque):
    def __init__(self, amount: int) -> None:
        super().__init__(amount)
        self.mark = object()


KINDS = [Plain, Serialized, Excluded, Aliased, Opaque, Slotted]


@pytest.mark.parametrize("when", ["validated", "executed"])
@pytest.mark.parametrize(
    ("kind", "changes"), [*((kind, True) for kind in KINDS), *((kind, False) for kind in (*KINDS, Fresh))]
)
async def test_a_tool_is_not_used_with_what_a_hook_put_in_unseen(kind: Any, when: str, *, changes: bool) -> None:
    hooks, paid = Hooks[Any](), list[int]()
    name = "amt" if kind is Aliased else "amount"

    async def change(ctx: Any, *, call: Any, tool_def: Any, args: dict[str, Any]) -> dict[str, Any]:
        if changes:
            args["order"].amount = 900
        return args

    (hooks.on.after_tool_validate if when == "validated" else hooks.on.before_tool_execute)(change)
    agent = PydanticAgent(
        ScriptedModel([Use("pay", {"order": {name: 20}}, id="a"), "done"]), name="bot", capabilities=[hooks]
    )

    def pay(order: Any, memo: str = "") -> str:
        paid.append(order.amount)
        return "ok"

    pay.__annotations__["order"] = kind
    agent.tool_plain(pay)
    bot = from_pydantic_ai(agent)

    @workflow
    async def flow(ctx: Context) -> Any:
        return await ctx.call(bot, "go")

    async with App.open(":memory:", agents=[flow, bot]) as app:
        assert await app.run(flow) == "done"
    assert paid == ([] if changes and kind is not Plain else [900 if changes else 20])
