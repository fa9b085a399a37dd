"""`magentic`: a task ledger and a progress ledger, replanned when it stalls."""

from typing import Any

import pytest

from podium import App, agent
from podium.agents.pydantic_ai import llm_agent
from podium.errors import PatternError, RunFailed
from podium.model.json import Json
from podium.patterns import HistoryEntry, MagenticResult, ProgressLedger, TaskLedger, magentic
from podium.testing import Give, ScriptedModel, failing, scripted
from tests.unit.engine.bench import Bench

Heard = list[Any]
PLAN = {"facts": "none", "plan": "ask around"}


def step(
    next: str = "echo", *, satisfied: bool = False, looping: bool = False, progressing: bool = True,
    instruction: str = "do it",
) -> Json:  # fmt: skip
    return {
        "satisfied": satisfied,
        "looping": looping,
        "progressing": progressing,
        "next": next,
        "instruction": instruction,
    }


END = step(satisfied=True)
STUCK = step(progressing=False)


def boss(*steps: Json, heard: Heard | None = None, plan: Json = PLAN) -> Any:
    """Return an orchestrator that gives one progress ledger after the other, and notes what it is handed."""
    left = list(steps)

    def play(parts: Any) -> Json:
        if heard is not None:
            heard.append(parts)
        match parts["step"]:
            case "plan":
                return plan
            case "progress":
                return left.pop(0)
            case _:
                return {"ended": parts["ended"], "history": parts["history"]}

    return scripted("boss", play)


@agent
async def echo(instruction: str) -> str:
    """Say it again."""
    return f"echo {instruction}"


async def result(bench: Bench, made: Any, input: Any = "job") -> MagenticResult:
    async with bench.app(made) as app:
        return await app.run(made, input)


async def refusal(bench: Bench, made: Any) -> str:
    with pytest.raises(RunFailed) as failed:
        await result(bench, made)
    return str(failed.value)


def steps_of(heard: Heard, kind: str) -> list[Any]:
    return [each for each in heard if each["step"] == kind]


# The loop


async def test_workers_do_what_they_are_told_until_the_orchestrator_is_satisfied(bench: Bench) -> None:
    made = magentic(boss(step(instruction="a"), step(instruction="b"), END), [echo], name="m")
    end = await result(bench, made)
    assert (end.satisfied, end.rounds, end.replans, end.ended) == (True, 3, 0, "satisfied")
    assert [(each["round"], each["worker"], each["answer"]) for each in end.answer["history"]] == [
        (1, "echo", "echo a"),
        (2, "echo", "echo b"),
    ]


async def test_each_step_is_offered_what_it_needs(bench: Bench) -> None:
    heard: Heard = []
    await result(bench, magentic(boss(step(), END, heard=heard), [echo], name="m"))
    entry = {"round": 1, "worker": "echo", "instruction": "do it", "answer": "echo do it", "error": None}
    told = {"task": "job", "workers": {"echo": "Say it again."}}
    assert heard == [
        {"step": "plan", **told},
        {"step": "progress", **told, "ledger": PLAN, "history": []},
        {"step": "progress", **told, "ledger": PLAN, "history": [entry]},
        {"step": "final", "task": "job", "ledger": PLAN, "history": [entry], "ended": "satisfied"},
    ]


async def test_a_worker_may_ask_for_the_task_and_the_history(bench: Bench) -> None:
    heard: Heard = []

    @agent
    async def curious(instruction: str, task: str, history: list[HistoryEntry]) -> int:
        heard.append((instruction, task, [each.answer for each in history]))
        return len(history)

    await result(bench, magentic(boss(step("curious"), step("curious"), END), [curious], name="m"))
    assert heard == [("do it", "job", []), ("do it", "job", [0])]


async def test_a_worker_that_fails_is_told_of_in_the_history(bench: Bench) -> None:
    made = magentic(boss(step("broken"), END), [failing("broken")], name="m")
    (entry,) = (await result(bench, made)).answer["history"]
    assert entry["answer"] is None
    assert "broken fails as told" in entry["error"]


async def test_an_instruction_that_a_worker_cannot_take_is_told_of_in_the_history(bench: Bench) -> None:
    @agent
    async def double(number: int) -> int:
        return 2 * number

    (entry,) = (await result(bench, magentic(boss(step("double"), END), [double], name="m"))).answer["history"]
    assert "expected int" in entry["error"]


async def test_three_members_may_share_the_steps(bench: Bench) -> None:
    @agent
    async def keep(task: str, workers: dict[str, str]) -> TaskLedger:
        return TaskLedger(facts=task, plan=", ".join(workers))

    @agent
    async def lead(ledger: TaskLedger, history: list[HistoryEntry]) -> ProgressLedger:
        return ProgressLedger(
            satisfied=bool(history), looping=False, progressing=True, next="echo", instruction=ledger.facts
        )

    @agent
    async def sum_up(history: list[HistoryEntry], ended: str) -> str:
        return f"{ended}: {history[0].answer}"

    made = magentic(lead, [echo], ledger=keep, final=sum_up, name="m")
    assert (await result(bench, made)).answer == "satisfied: echo job"


async def test_models_that_give_the_ledgers_as_their_output_share_the_steps(bench: Bench) -> None:
    heard: Heard = []

    def say(messages: Any) -> str:
        heard.append(messages[0].parts[-1].content)
        return "It is done."

    lead = llm_agent("lead", model=ScriptedModel([Give(END)]), instructions="Lead.", output=ProgressLedger)
    keep = llm_agent("keep", model=ScriptedModel([Give(PLAN)]), instructions="Plan.", output=TaskLedger)
    final = llm_agent("final", model=ScriptedModel(say), instructions="Sum up.")
    made = magentic(lead, [echo], ledger=keep, final=final, name="m")
    assert (await result(bench, made)).answer == "It is done."
    assert heard[0].startswith("step:\nfinal\n\nledger:\n{\n")


# Stalls


@pytest.mark.parametrize("stalled", [STUCK, step(looping=True), step("nobody")])
async def test_each_sort_of_stall_counts_and_at_the_bound_nobody_is_asked(bench: Bench, stalled: Json) -> None:
    made = magentic(boss(stalled, stalled), [echo], max_stalls=2, resets=0, corrections=0, name="m")
    end = await result(bench, made)
    assert (end.ended, end.rounds) == ("stalled", 2)
    assert [each["round"] for each in end.answer["history"]] == [1]


async def test_progress_takes_one_off_the_counter_and_never_below_none(bench: Bench) -> None:
    go = step()
    steps = [go, go, STUCK, go, STUCK, STUCK]  # 0 0 1 0 1 2
    end = await result(bench, magentic(boss(*steps), [echo], max_stalls=2, resets=0, name="m"))
    assert (end.ended, end.rounds) == ("stalled", 6)


async def test_looping_and_not_progressing_at_once_add_only_one(bench: Bench) -> None:
    both = step(looping=True, progressing=False)
    end = await result(bench, magentic(boss(both, step(), END), [echo], max_stalls=2, resets=0, name="m"))
    assert end.satisfied


async def test_who_is_satisfied_is_done_whatever_else_they_say(bench: Bench) -> None:
    done = step("nobody", satisfied=True, looping=True, progressing=False)
    assert (await result(bench, magentic(boss(done), [echo], max_stalls=1, name="m"))).satisfied


async def test_an_orchestrator_that_names_an_unknown_worker_is_asked_again(bench: Bench) -> None:
    made = magentic(boss(step("nobody"), step(" Echo."), END), [echo], name="m")
    (entry,) = (await result(bench, made)).answer["history"]
    assert (entry["round"], entry["worker"], entry["error"]) == (1, "echo", None)


async def test_an_unknown_worker_is_told_of_in_the_history_once_nobody_is_asked_again(bench: Bench) -> None:
    made = magentic(boss(step("nobody"), END), [echo], corrections=0, name="m")
    (entry,) = (await result(bench, made)).answer["history"]
    assert (entry["worker"], entry["error"]) == ("nobody", "there is no worker 'nobody': there is echo.")


async def test_a_stall_makes_a_new_plan_of_the_old_one_and_empties_history_and_counter(bench: Bench) -> None:
    heard: Heard = []
    made = magentic(boss(STUCK, STUCK, STUCK, END, heard=heard), [echo], max_stalls=2, name="m")
    end = await result(bench, made)
    assert (end.replans, end.rounds, end.ended) == (1, 4, "satisfied")
    first, second = steps_of(heard, "plan")
    assert "ledger" not in first
    assert second["ledger"] == PLAN
    assert [each["round"] for each in second["history"]] == [1]
    assert [len(each["history"]) for each in steps_of(heard, "progress")] == [0, 1, 0, 1]


async def test_it_is_planned_anew_only_so_often(bench: Bench) -> None:
    heard: Heard = []
    made = magentic(boss(*[STUCK] * 9, heard=heard), [echo], max_stalls=1, resets=2, name="m")
    end = await result(bench, made)
    assert (end.ended, end.satisfied, end.replans, end.rounds) == ("stalled", False, 2, 3)
    assert len(steps_of(heard, "plan")) == 3


async def test_rounds_are_counted_over_all_plans_and_there_is_an_answer_all_the_same(bench: Bench) -> None:
    made = magentic(boss(step(), STUCK, step(), step()), [echo], rounds=4, max_stalls=1, name="m")
    end = await result(bench, made)
    assert (end.ended, end.satisfied, end.rounds, end.replans) == ("bound", False, 4, 1)
    assert end.answer["ended"] == "bound"
    assert [each["round"] for each in end.answer["history"]] == [1, 3, 4]


# Review


async def reviewed(bench: Bench, made: Any, *answers: Json, subjects: Heard | None = None) -> MagenticResult:
    async with bench.app(made) as app:
        handle = await app.start(made, "job")
        for answer in answers:
            await bench.clock.settle()
            (question,) = await app.inbox.list()
            assert question.ask.to == "lead"
            if subjects is not None:
                subjects.append(question.ask.subject)
            await app.inbox.answer(question.id, answer, by="ann")
        await bench.clock.settle()
        assert not await app.inbox.list()
        return await handle.result()


async def test_a_person_sees_task_and_plan_and_approves_before_anybody_works(bench: Bench) -> None:
    heard, subjects = Heard(), Heard()
    made = magentic(boss(END, heard=heard), [echo], review="lead", name="m")
    assert (await reviewed(bench, made, {"approved": True}, subjects=subjects)).satisfied
    assert subjects == [{"task": "job", "ledger": PLAN}]
    assert len(steps_of(heard, "plan")) == 1


async def test_remarks_go_back_to_the_orchestrator_with_the_plan_they_are_about(bench: Bench) -> None:
    heard: Heard = []
    made = magentic(boss(END, heard=heard), [echo], review="lead", name="m")
    await reviewed(bench, made, {"approved": False, "comment": "too short"}, {"approved": False}, {"approved": True})
    plans = steps_of(heard, "plan")
    assert [each.get("remarks") for each in plans] == [None, "too short", "It was rejected, without a comment."]
    assert [each.get("ledger") for each in plans] == [None, PLAN, PLAN]


async def test_an_edited_plan_is_the_one_that_counts(bench: Bench) -> None:
    heard: Heard = []
    better = {"facts": "some", "plan": "think first"}
    made = magentic(boss(END, heard=heard), [echo], review="lead", name="m")
    await reviewed(bench, made, {"approved": True, "value": better})
    assert steps_of(heard, "progress")[0]["ledger"] == better


async def test_a_new_plan_is_reviewed_too(bench: Bench) -> None:
    made = magentic(boss(STUCK, END), [echo], max_stalls=1, review="lead", name="m")
    assert (await reviewed(bench, made, {"approved": True}, {"approved": True})).replans == 1


async def test_a_plan_that_is_rejected_too_often_ends_it(bench: Bench) -> None:
    made = magentic(boss(), [echo], review="lead", reviews=2, name="m")
    no = {"approved": False, "comment": "no"}
    with pytest.raises(RunFailed, match="GateClosed: magentic: lead rejected 2 plans of boss; the last comment: 'no'"):
        await reviewed(bench, made, no, no)


# Who works


async def test_those_who_offer_a_capability_are_found_and_told_of_by_their_description(bench: Bench) -> None:
    tools = [
        scripted("search", lambda text: f"found {text}", capabilities={"tool"}, description="Searches."),
        scripted("other", [], capabilities={"else"}),
    ]
    heard: Heard = []
    made = magentic(boss(step("search"), END, heard=heard), [echo], offering="tool", name="m", capabilities={"tool"})
    async with bench.app(made, *tools) as app:
        end = await app.run(made, "job")
    assert heard[0]["workers"] == {"echo": "Say it again.", "search": "Searches."}
    assert end.answer["history"][0]["answer"] == "found do it"


async def test_whoever_offers_it_by_the_time_of_a_new_plan_is_found_then(bench: Bench) -> None:
    def late(app: App) -> Any:
        def play(parts: Any) -> Json:
            app.register(scripted("late", ["here"], capabilities={"tool"}))
            return "early"

        return scripted("early", play, capabilities={"tool"})

    heard: Heard = []
    made = magentic(boss(step("early"), STUCK, step("late"), END, heard=heard), offering="tool", max_stalls=1, name="m")
    async with bench.app(made) as app:
        app.register(late(app))
        end = await app.run(made, "job")
    assert [sorted(each["workers"]) for each in steps_of(heard, "plan")] == [["early"], ["early", "late"]]
    assert [each["answer"] for each in end.answer["history"]] == ["early", "here"]


async def test_where_nobody_offers_it_there_is_nothing_to_decide(bench: Bench) -> None:
    assert "NoDecision: magentic: nobody offers 'tool'" in await refusal(
        bench, magentic(boss(), offering="tool", name="m")
    )


# When it is built


@pytest.mark.parametrize(("option", "least"), [("rounds", 1), ("max_stalls", 1), ("resets", 0), ("reviews", 1)])
def test_a_bound_that_is_too_small_is_refused(option: str, least: int) -> None:
    bounds: dict[str, Any] = {option: least - 1}
    with pytest.raises(PatternError, match=f"magentic was given {option}={least - 1}: expected at least {least}"):
        magentic("boss", [echo], **bounds)


def test_without_workers_and_without_an_offering_it_is_refused() -> None:
    with pytest.raises(PatternError, match="magentic needs at least 1 workers, got 0"):
        magentic("boss")


def test_an_orchestrator_that_cannot_do_every_step_needs_others_for_them() -> None:
    @agent
    async def lead(task: str) -> ProgressLedger:
        raise AssertionError

    with pytest.raises(PatternError, match="lead does not give what its ledger has to give"):
        magentic(lead, [echo])


def test_it_is_drawn_and_written_down() -> None:
    made = magentic("boss", [echo], ledger="keep", final="end", offering="tool", review="lead", name="m")
    assert made.spec() == {
        "magentic": {
            "orchestrator": "boss", "workers": ["echo"], "ledger": "keep", "final": "end", "offering": "tool",
            "review": "lead", "name": "m",
        }
    }  # fmt: skip
    picture = made.graph()
    for label in ("worker 1: echo", "whoever offers tool", "review by lead", "ledger: keep", "final: end"):
        assert label in picture


async def test_what_was_done_is_not_done_again_after_a_crash_while_the_plan_waits_for_its_review(bench: Bench) -> None:
    def play(parts: Any) -> Json:
        bench.witness.saw(parts["step"])
        return PLAN if parts["step"] == "plan" else END

    made = magentic(scripted("boss", play), [echo], review="lead", name="m")
    run = await bench.parked(made, "job")
    async with bench.app(made) as app:
        await bench.clock.settle()
        await app.inbox.answer((await app.inbox.list())[0].id, {"approved": True}, by="ann")
        assert (await (await app.handle(run)).result()).satisfied
    assert [bench.witness.count(each) for each in ("plan", "progress", "final")] == [1, 1, 1]
