"""The flowchart of a workflow's source."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from podium import Approval, Context, Workflow, agent, workflow
from podium.errors import UsageError
from podium.formats.mermaid import escaped
from podium.reports.calls.source import source_chart


@agent
async def first(text: str) -> str:
    return text


@agent
async def second(text: str) -> str:
    return text


@workflow
async def inner(ctx: Context, text: str) -> str:
    return text


def drawn(of: Workflow[str, str]) -> tuple[dict[str, str], set[tuple[str, str]]]:
    """Return the texts of the nodes, and the arrows between them by text, with what stands on them."""
    chart = source_chart(of, globals())
    nodes = dict(re.findall(r'^ *(n\d+)[\[({]+"(.*?)"[\])}]+$', chart, re.MULTILINE))
    arrows = re.findall(r'^ *(n\d+) -->(?:\|"(.*?)"\|)? (n\d+)$', chart, re.MULTILINE)
    return nodes, {(f"{nodes[a]} {label}".strip(), nodes[b]) for a, label, b in arrows}


def test_calls_follow_each_other_and_the_inner_one_comes_first() -> None:
    @workflow
    async def flow(ctx: Context, text: str) -> str:
        return await ctx.call(second, await ctx.call(first, text))

    _, arrows = drawn(flow)
    assert arrows == {("flow 1", "first"), ("first", "second"), ("second", "end")}


def test_the_parts_of_a_gather_stand_side_by_side() -> None:
    @workflow
    async def flow(ctx: Context, text: str) -> str:
        one, _ = await ctx.gather(ctx.call(first, text), ctx.call(inner, text))
        return await ctx.call(second, one)

    _, arrows = drawn(flow)
    assert arrows == {
        ("flow 1", "first"), ("flow 1", "inner"), ("first", "second"), ("inner", "second"), ("second", "end"),
    }  # fmt: skip


def test_the_ways_of_an_if_are_named_and_a_return_leads_to_the_end() -> None:
    @workflow
    async def flow(ctx: Context, text: str) -> str:
        if (await ctx.ask(Approval("Go on?"), to="boss")).approved:
            return await ctx.call(first, text)
        return await ctx.call(second, text)

    _, arrows = drawn(flow)
    assert arrows == {
        ("flow 1", "ask Go on?"), ("ask Go on? if approved", "first"), ("ask Go on? else", "second"),
        ("first", "end"), ("second", "end"),
    }  # fmt: skip


def test_a_loop_leads_back_to_its_first_call() -> None:
    @workflow
    async def flow(ctx: Context, text: str) -> str:
        while len(text) < 3:
            text = await ctx.call(first, text)
            await ctx.sleep(1)
        return text

    _, arrows = drawn(flow)
    assert ("sleep 1 again", "first") in arrows
    assert ("sleep 1", "end") in arrows


def test_other_objects_methods_of_the_same_names_are_not_calls() -> None:
    class Other:
        def call(self, what: str) -> str:
            return what

    @workflow
    async def flow(ctx: Context, text: str) -> str:
        return Other().call(text)

    nodes, _ = drawn(flow)
    assert list(nodes.values()) == ["flow 1", "end"]


def test_a_workflow_without_source_is_refused_with_the_other_way() -> None:
    names: dict[str, Any] = {"Context": Context}
    exec("async def flow(ctx: Context) -> None: ...", names)
    flow: Callable[[Context], Awaitable[None]] = names["flow"]
    made: Workflow[None, None] = workflow(flow)
    with pytest.raises(UsageError, match=r"the source of flow cannot be read\. Draw a run of it instead"):
        source_chart(made, names)


def test_a_text_cannot_break_the_chart() -> None:
    assert escaped('a "b"\n<c> #d `e`') == "a #quot;b#quot; #lt;c#gt; #35;d #96;e#96;"
