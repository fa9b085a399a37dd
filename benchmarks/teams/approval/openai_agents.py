from pathlib import Path

from agents import Agent, Runner, RunState, function_tool


@function_tool(needs_approval=True)
def pay(amount: int) -> str:
    """Pay an amount in euros."""
    return f"paid {amount}"


clerk = Agent(
    name="clerk",
    model="gpt-4o",
    instructions="You pay invoices once a person has approved them.",
    tools=[pay],
)


async def start(task: str) -> str:
    result = await Runner.run(clerk, task)
    Path("team.json").write_text(result.to_state().to_string())
    return f"{result.interruptions[0].name} {result.interruptions[0].arguments}"


async def finish() -> str:
    state = await RunState.from_string(clerk, Path("team.json").read_text())
    for question in state.get_interruptions():
        state.approve(question)
    result = await Runner.run(clerk, state)
    return result.final_output
