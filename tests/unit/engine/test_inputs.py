"""What a workflow is given as its input, and what where it is given none."""

from functools import partial
from typing import Any

import pytest
from pydantic import BaseModel

from podium import Context, workflow
from podium.engine.workflow import Workflow
from podium.errors import InvalidValue, UsageError
from tests.unit.engine.bench import Bench


class Page(BaseModel):
    title: str = "untitled"


async def _given(value: object) -> str:
    return repr(value)


@workflow
async def plain(ctx: Context, text: str = "given") -> str:
    return await _given(text)


@workflow
async def by_name(ctx: Context, *, text: str = "given") -> str:
    return await _given(text)


@workflow
async def by_place(ctx: Context, text: str = "given", /) -> str:
    return await _given(text)


@workflow
async def a_list(ctx: Context, texts: list[str] = ["given"]) -> str:  # noqa: B006 - it is not changed
    return await _given(texts)


@workflow
async def a_model(ctx: Context, page: Page = Page()) -> str:  # noqa: B008 - it is not changed
    return await _given(page.title)


@workflow
async def untyped(ctx: Context, text="given") -> str:  # type: ignore[no-untyped-def]  # noqa: ANN001
    return await _given(text)


@workflow
async def or_none(ctx: Context, text: str | None = "given") -> str:
    return await _given(text)


@workflow
async def none(ctx: Context, text: str | None = None) -> str:
    return await _given(text)


@workflow
async def required(ctx: Context, text: str) -> str:
    return await _given(text)


async def _required_by_name(ctx: Context, *, text: str) -> str:
    return await _given(text)


_untyped: Any = _required_by_name  # no type checker lets it pass
required_by_name: Workflow[Any, str] = workflow(_untyped)

DEFAULTS: list[tuple[Workflow[Any, str], str]] = [
    (plain, "'given'"), (by_name, "'given'"), (by_place, "'given'"), (a_list, "['given']"), (a_model, "'untitled'"),
    (untyped, "'given'"), (none, "None"), (or_none, "None"),
]  # fmt: skip


@pytest.mark.parametrize(("flow", "given"), DEFAULTS)
async def test_without_an_input_a_workflow_is_given_the_default_of_its_parameter(
    bench: Bench, flow: Workflow[Any, str], given: str
) -> None:
    @workflow
    async def caller(ctx: Context) -> list[str]:
        child = await ctx.spawn(flow, None)
        return [await ctx.call(flow, None), await child.result()]

    async with bench.app(flow, caller) as app:
        assert await app.run(flow) == given
        assert await app.run(flow.card.name) == given
        assert await app.run(caller) == [given, given]


@pytest.mark.parametrize("flow", [plain, by_name, by_place, untyped, or_none, none, required, required_by_name])
async def test_an_input_goes_before_the_default(bench: Bench, flow: Workflow[Any, str]) -> None:
    async with bench.app(flow) as app:
        assert await app.run(flow, "other") == "'other'"


@pytest.mark.parametrize("flow", [required, required_by_name])
async def test_a_parameter_without_a_default_is_wanted(bench: Bench, flow: Workflow[Any, str]) -> None:
    async with bench.app(flow) as app:
        with pytest.raises(InvalidValue):
            await app.run(flow)


async def _many(ctx: Context, *texts: str) -> None: ...
async def _named(ctx: Context, **texts: str) -> None: ...
async def _none() -> None: ...
async def _several_by_place(ctx: Context, a: str, b: str, /) -> None: ...
async def _named_context(*, ctx: Context) -> None: ...
async def _context_second(text: str, ctx: Context) -> None: ...


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (_many, r"_many takes `\*texts: str`: a workflow takes the Context and its input, each by its name"),
        (_named, r"_named takes `\*\*texts: str`: a workflow takes the Context and its input"),
        (_none, "_none takes no parameter: a workflow takes the Context, and then its input"),
        (_several_by_place, "_several_by_place takes `a` by position only: several inputs are handed over by name"),
        (_named_context, "the first parameter of _named_context must be the Context"),
        (_context_second, "the first parameter of _context_second must be the Context"),
    ],
)
def test_what_a_workflow_cannot_be_handed_is_refused_when_it_is_made(function: Any, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        workflow(function)


async def repeated(times: int, ctx: Context, text: str) -> str:
    """Repeat it.

    As often as is said.
    """
    return await _given(text * times)


class Repeating:
    """Repeat it."""

    async def __call__(self, ctx: Context, text: str) -> str:
        return await _given(text * 2)


_twice: Any = partial(repeated, 2)  # what is left to give, a type checker does not tell


@pytest.mark.parametrize(
    ("flow", "name"), [(workflow(_twice), "repeated"), (workflow(Repeating()), "Repeating")], ids=["partial", "object"]
)
async def test_a_workflow_may_be_a_partial_of_a_function_or_an_object(
    bench: Bench, flow: Workflow[Any, str], name: str
) -> None:
    assert (flow.card.name, flow.card.description) == (name, "Repeat it.")
    async with bench.app(flow) as app:
        assert await app.run(flow, "ab") == "'abab'"
        with pytest.raises(InvalidValue):
            await app.run(flow.card.name, 5)


# Several parameters


@workflow
async def review(ctx: Context, task: str, draft: Page, *, strict: bool = False) -> str:
    return await _given((task, draft.title, strict))


async def _counted(times: int, ctx: Context, task: str, draft: str) -> str:
    return await _given((task, draft) * times)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"task": "a", "draft": Page(title="b")}, "('a', 'b', False)"),
        ({"task": "a", "draft": {"title": "b"}, "strict": True}, "('a', 'b', True)"),
        ({"draft": {}, "task": "a"}, "('a', 'untitled', False)"),
    ],
)
async def test_several_parameters_make_up_a_mapping(bench: Bench, given: Any, told: str) -> None:
    @workflow
    async def caller(ctx: Context) -> list[str]:
        child = await ctx.spawn(review, given)
        return [await ctx.call(review, given), await child.result()]

    async with bench.app(review, caller) as app:
        assert await app.run(review, given) == told
        assert await app.run("review", given) == told
        assert await app.run(caller) == [told, told]


async def test_what_is_recorded_of_several_parameters_is_handed_over_again_after_a_crash(bench: Bench) -> None:
    @workflow
    async def waits(ctx: Context, task: str, draft: Page, n: int = 3) -> str:
        await ctx.sleep(10)
        return await _given((task, draft.title, n))

    run = await bench.parked(waits, {"task": "a", "draft": {"title": "b"}})
    assert await bench.result(run, waits, seconds=10) == "('a', 'b', 3)"


async def test_a_partial_may_leave_several_parameters_to_give(bench: Bench) -> None:
    flow: Any = workflow(partial(_counted, 2))
    async with bench.app(flow) as app:
        assert await app.run(flow, {"task": "a", "draft": "b"}) == "('a', 'b', 'a', 'b')"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"task": "a"}, "expected review: `draft`: field required"),
        ({"task": "a", "draft": {}, "note": 1}, "expected review: `note`: extra inputs are not permitted"),
        ({"task": 1, "draft": {}}, "expected review: `task`: input should be a valid string, got int"),
        ("a", "expected review: input should be an object, got str"),
        (None, "expected review: input should be an object, got None"),
    ],
)
async def test_a_mapping_that_does_not_fit_is_refused_in_words(bench: Bench, given: Any, told: str) -> None:
    async with bench.app(review) as app:
        with pytest.raises(InvalidValue, match=told):
            await app.run(review, given)
