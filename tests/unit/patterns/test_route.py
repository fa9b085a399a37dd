"""`route`: a task to the agent that fits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic_ai.messages import ModelMessage, UserPromptPart

from podium import Agent, Task, agent, human
from podium.agents.pydantic_ai import llm_agent
from podium.errors import PatternError, RunFailed
from podium.patterns import cel, route, sequence
from podium.testing import ScriptedModel, hanging, scripted
from tests.unit.engine.bench import Bench


@dataclass
class Ticket:
    text: str
    urgent: bool = False


@agent
async def billing(text: str) -> str:
    """Knows invoices."""
    return f"billing: {text}"


@agent
async def technical(text: str) -> str:
    return f"technical: {text}"


@agent
async def page_someone(ticket: Ticket) -> str:
    return f"paged: {ticket.text}"


@agent
async def note(ticket: Ticket) -> str:
    return f"noted: {ticket.text}"


DESKS = {"bill": billing, "tech": technical}


def first_word(task: str) -> str:
    return task.split(maxsplit=1)[0]


def classifier(key: Any) -> Agent[Any, Any]:
    return scripted("classifier", lambda _: key)


async def run(bench: Bench, made: Any, task: Any, *others: Agent[Any, Any]) -> Any:
    async with bench.app(*others) as app:
        return await app.run(made, task)


async def test_a_function_of_the_task_gives_the_key(bench: Bench) -> None:
    made = route(DESKS, first_word, name="r")
    assert await run(bench, made, "bill me") == "billing: bill me"
    assert await run(bench, made, "tech is broken") == "technical: tech is broken"


async def test_a_rule_in_cel_gives_the_key(bench: Bench) -> None:
    made = route(DESKS, cel("task.contains('invoice') ? 'bill' : 'tech'"), name="r")
    assert await run(bench, made, "my invoice") == "billing: my invoice"


async def test_of_several_conditions_the_first_that_holds_counts(bench: Bench) -> None:
    made = route(DESKS, {"tech": lambda task: "broken" in task, "bill": lambda _: True}, name="r")
    assert await run(bench, made, "the invoice is broken") == "technical: the invoice is broken"
    assert await run(bench, made, "the invoice") == "billing: the invoice"


async def test_a_rule_sees_the_task_as_what_it_is(bench: Bench) -> None:
    made = route(
        {"now": page_someone, "later": note},
        {"now": lambda ticket: ticket.urgent, "later": cel("!task.urgent")},
        name="r",
    )
    assert await run(bench, made, Ticket("fire", urgent=True)) == "paged: fire"
    assert await run(bench, made, Ticket("dust")) == "noted: dust"


async def test_a_rule_sees_the_task_as_what_it_is_also_where_one_route_is_only_named(bench: Bench) -> None:
    made = route({"now": page_someone, "later": "note"}, lambda it: "now" if it.urgent else "later", name="r")
    assert await run(bench, made, Ticket("dust"), note) == "noted: dust"
    assert await run(bench, made, {"text": "fire", "urgent": True}, note) == "paged: fire"


async def test_a_route_that_is_only_named_may_take_what_no_other_one_takes(bench: Bench) -> None:
    made = route({"ticket": page_someone, "number": "count"}, lambda _: "number", name="r")
    assert await run(bench, made, 5, scripted("count", lambda number: number + 1)) == 6


async def test_routes_of_different_types_are_handed_what_they_take(bench: Bench) -> None:
    made = route(
        {"text": billing, "ticket": note}, lambda task: "text" if isinstance(task, str) else "ticket", name="r"
    )
    assert await run(bench, made, "a") == "billing: a"
    assert await run(bench, made, Ticket("b")) == "noted: b"


async def test_a_classifier_takes_task_and_routes_by_name(bench: Bench) -> None:
    seen: list[object] = []

    @agent
    async def classify(task: str, routes: dict[str, str]) -> str:
        seen.append((task, routes))
        return "bill"

    assert await run(bench, route(DESKS, classify, name="r"), "x") == "billing: x"
    assert seen == [("x", {"bill": "Knows invoices.", "tech": "technical"})]


async def test_a_classifier_of_one_thing_takes_the_task(bench: Bench) -> None:
    @agent
    async def classify(text: str) -> str:
        return first_word(text)

    assert await run(bench, route(DESKS, classify, name="r"), "bill me") == "billing: bill me"


async def test_a_language_model_is_told_the_routes_and_may_pad_its_answer(bench: Bench) -> None:
    seen: list[str] = []

    def sort(messages: Sequence[ModelMessage]) -> str:
        seen.extend(
            str(part.content) for message in messages for part in message.parts if isinstance(part, UserPromptPart)
        )
        return " bill\n"

    made = route(DESKS, llm_agent("sorter", model=ScriptedModel(sort), instructions="Answer with one key."), name="r")
    assert await run(bench, made, "x") == "billing: x"
    [prompt] = seen
    assert prompt.startswith("task:\nx\n\nroutes:\n{")
    assert "Knows invoices." in prompt


async def test_a_person_is_shown_the_routes(bench: Bench) -> None:
    made = route(DESKS, human("desk", text="Where to?", answer=str), name="r")
    async with bench.app() as app:
        handle = await app.start(made, "x")
        await bench.clock.settle()
        [question] = await app.inbox.list()
        assert question.ask.subject == {"task": "x", "routes": {"bill": "Knows invoices.", "tech": "technical"}}
        await app.inbox.answer(question.id, "tech", by="ann")
        assert await handle.result() == "technical: x"


async def test_a_classifier_may_be_a_registered_one(bench: Bench) -> None:
    assert await run(bench, route(DESKS, "classifier", name="r"), "x", classifier("tech")) == "technical: x"


async def test_a_classifier_that_gives_no_text_cannot_be_read(bench: Bench) -> None:
    with pytest.raises(RunFailed, match="BadAnswer: route: classifier, its classifier, gave what cannot be read"):
        await run(bench, route(DESKS, classifier(["bill"]), name="r"), "x")


async def test_without_such_a_route_the_task_goes_to_otherwise(bench: Bench) -> None:
    assert await run(bench, route({"bill": billing}, first_word, otherwise=technical, name="r"), "x") == "technical: x"


async def test_where_no_condition_holds_the_task_goes_to_otherwise(bench: Bench) -> None:
    made = route({"bill": billing}, {"bill": lambda _: False}, otherwise="technical", name="r")
    assert await run(bench, made, "x", technical) == "technical: x"


async def test_a_classifier_is_told_of_otherwise_and_may_choose_it(bench: Bench) -> None:
    @agent
    async def classify(task: str, routes: dict[str, str]) -> str:
        return list(routes)[-1]

    made = route({"bill": billing}, classify, otherwise=technical, name="r")
    assert await run(bench, made, "x") == "technical: x"


async def test_without_otherwise_an_unknown_key_is_no_decision_and_the_keys_are_named(bench: Bench) -> None:
    why = "NoDecision: route: classifier gave 'sales': there is bill, tech. Give one of these keys"
    with pytest.raises(RunFailed, match=why):
        await run(bench, route(DESKS, classifier("sales"), name="r"), "x")


async def test_a_function_that_gives_no_text_is_no_decision(bench: Bench) -> None:
    with pytest.raises(RunFailed, match="NoDecision: route: len gave 1: there is bill, tech"):
        await run(bench, route(DESKS, len, name="r"), "x")  # pyright: ignore[reportArgumentType] - what is being refused


async def test_a_function_that_gives_nothing_is_named(bench: Bench) -> None:
    def nothing(_: str) -> Any:
        return None

    with pytest.raises(RunFailed, match="NoDecision: route: nothing gave None: there is bill, tech"):
        await run(bench, route(DESKS, nothing, name="r"), "x")


async def test_where_no_condition_holds_it_is_no_decision(bench: Bench) -> None:
    with pytest.raises(RunFailed, match="NoDecision: route: no condition holds: there is bill"):
        await run(bench, route({"bill": billing}, {"bill": lambda _: False}, name="r"), "x")


async def test_a_route_may_lead_to_whoever_offers_a_capability(bench: Bench) -> None:
    dear = scripted("dear", lambda _: "dear", capabilities={"translate"}, usd=1.0)
    cheap = scripted("cheap", lambda task: f"cheap {task['text']}", capabilities={"translate"}, usd=0.1)
    made = route({"foreign": Task(capability="translate")}, lambda _: "foreign", name="r")
    assert await run(bench, made, {"text": "hola"}, dear, cheap) == "cheap hola"


async def test_what_the_router_chose_is_chosen_again_after_it_was_let_go(bench: Bench) -> None:
    made = route({"foreign": Task(capability="translate")}, lambda _: "foreign", name="r")
    slow = hanging("first", capabilities={"translate"}, usd=1.0)
    run_id = await bench.parked(made, "x", slow)
    first = scripted("first", lambda _: "first", capabilities={"translate"}, usd=1.0)
    cheaper = scripted("second", lambda _: "second", capabilities={"translate"}, usd=0.1)
    assert await bench.result(run_id, made, first, cheaper) == "first"


async def test_a_key_that_a_classifier_gave_is_not_asked_for_again_after_it_was_let_go(bench: Bench) -> None:
    sorter = scripted("sorter", ["slow"], witness=bench.witness)
    run_id = await bench.parked(route({"slow": hanging("slow"), "bill": billing}, sorter, name="r"), "x")
    again = route({"slow": scripted("slow", ["done"]), "bill": billing}, sorter, name="r")
    assert await bench.result(run_id, again) == "done"
    assert bench.witness.count("sorter") == 1


async def test_a_route_may_be_another_pattern(bench: Bench) -> None:
    made = route({"both": sequence(billing, technical)}, lambda _: "both", name="r")
    assert await run(bench, made, "x") == "technical: billing: x"


@pytest.mark.parametrize(
    ("routes", "by", "options", "message"),
    [
        ({}, first_word, {}, "route needs at least 1 route"),
        ({"otherwise": billing}, first_word, {"otherwise": technical}, "none of them may be called 'otherwise'"),
        ({"bill": 5}, first_word, {}, "route was given 5 as the route 'bill'"),
        ({"bill": billing}, first_word, {"otherwise": 5}, "route was given 5 as otherwise"),
        (DESKS, {"bill": bool, "sales": bool}, {}, "route: by names sales; there is bill, tech"),
        (DESKS, {"bill": bool}, {}, "route: no condition of `by` leads to tech: give each route one"),
        (DESKS, cel("text == 'x'"), {}, "uses text: here it may use task"),
        (DESKS, 5, {}, "expected a plain function"),
    ],
)
def test_what_does_not_fit_is_refused_when_it_is_built(
    routes: Any, by: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(PatternError, match=message):
        route(routes, by, **options)


def test_a_classifier_that_gives_something_else_than_a_text_is_refused() -> None:
    @agent
    async def score(task: str) -> int:
        return len(task)

    with pytest.raises(PatternError, match="score does not give what its classifier has to give"):
        route(DESKS, score)


def test_it_takes_and_gives_what_its_agents_do() -> None:
    made = route({"text": billing, "ticket": note}, lambda _: "text")
    assert (made.input.type, made.output.type) == (str | Ticket, str)


def test_its_picture_leads_from_the_choice_to_each_route_by_its_key() -> None:
    made = route({"bill": billing, "foreign": Task(capability="translate")}, first_word, otherwise="clerk", name="r")
    assert made.graph().splitlines() == [
        "flowchart TD",
        '    subgraph g1["route r"]',
        '        n2["first_word"]',
        '        n3["billing"]',
        '        n4["whoever offers translate"]',
        '        n5["clerk"]',
        '        n2 -->|"bill"| n3',
        '        n2 -->|"foreign"| n4',
        '        n2 -->|"otherwise"| n5',
        "    end",
    ]


def test_it_knows_the_registered_agents_that_it_asks_for() -> None:
    made = route({"bill": "billing", "foreign": Task(capability="translate")}, "sorter", otherwise="clerk")
    assert list(made.names()) == ["sorter", "billing", "clerk"]


def test_it_is_written_down_with_its_rules() -> None:
    made = route(
        {"bill": "billing", "foreign": Task(capability="t")}, {"bill": cel("task == 'x'"), "foreign": cel("true")}
    )
    assert made.spec() == {
        "route": {
            "routes": {"bill": "billing", "foreign": {"capability": "t"}},
            "by": {"bill": "task == 'x'", "foreign": "(true)"},
        }
    }
