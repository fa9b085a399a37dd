"""Ids and names with a prefix come apart as they were put together, and nothing else is taken for one."""

from hypothesis import given
from hypothesis import strategies as st

from podium.model.budget_ids import budget_of_agent, budget_of_run, run_of_budget, run_of_share, share_of_run
from podium.model.rule_names import budget_in, budget_rule, guard_in, guard_rule, is_scarce
from podium.model.step import guard_step, is_guard_step, is_under_guard, tool_of, tool_step

name = st.text(min_size=1)


@given(name)
def test_what_is_put_together_comes_apart(given_name: str) -> None:
    assert run_of_budget(budget_of_run(given_name)) == given_name
    assert run_of_share(share_of_run(given_name)) == given_name
    assert guard_in(guard_rule(given_name)) == given_name
    assert budget_in(budget_rule(given_name)) == given_name
    assert tool_of(tool_step(given_name)) == given_name
    assert is_guard_step(guard_step(given_name))
    assert is_under_guard(f"1/{guard_step(given_name)}")


@given(name)
def test_nothing_else_is_taken_for_one(given_name: str) -> None:
    assert run_of_budget(budget_of_agent(given_name)) is None
    assert run_of_share(budget_of_run(given_name)) is None
    assert guard_in(budget_rule(given_name)) is None
    assert tool_of(guard_step(given_name)) is None
    assert not is_guard_step(tool_step(given_name))


def test_only_budgets_and_limits_are_scarce() -> None:
    assert is_scarce(budget_rule("run:1"))
    assert is_scarce("limit:tenant:a")
    assert not is_scarce(guard_rule("budget"))
    assert not is_scarce("policy:budget")
