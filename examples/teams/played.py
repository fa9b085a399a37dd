"""What the teams of language models share: models that play a script, and a program that shows what a team did.

No key and no network is needed. For real work put the name of a model in the place of the script, such as
`llm_agent(name, model="openai:gpt-5", …)`: nothing else of a team changes.
"""

from collections.abc import Callable, Sequence
from typing import Any, cast

from pydantic_ai.messages import ModelMessage, ModelRequest, UserPromptPart

from podium import App, run_sync
from podium.agents.pydantic_ai import llm_agent
from podium.model.json import Json
from podium.patterns import Partial, Pattern
from podium.testing import ScriptedModel
from podium.testing.model import ModelReply

PRICED_AS = "gpt-4o"


def model(
    name: str, does: str, *replies: ModelReply | Callable[[str], ModelReply], output: Any = str, **options: Any
) -> Any:  # fmt: skip
    """Return a member that is a language model: it plays one reply for each request, or what a function of it gives."""
    left = list(replies)

    def play(messages: Sequence[ModelMessage]) -> ModelReply:
        reply = left.pop(0)
        return reply(_asked(messages)) if callable(reply) else reply

    script = ScriptedModel(play, name=PRICED_AS)
    return llm_agent(name, model=script, instructions=does, description=does, output=output, **options)


def _asked(messages: Sequence[ModelMessage]) -> str:
    """Return what a model was asked, as one text."""
    parts = [part for each in messages if isinstance(each, ModelRequest) for part in each.parts]
    return "\n".join(str(part.content) for part in parts if isinstance(part, UserPromptPart))


def play(team: Pattern[Any, Any], task: Json) -> None:
    """Run a team on a task; print who was asked, what that cost, and what the team gives."""
    run_sync(_play(team, task))


async def _play(team: Pattern[Any, Any], task: Json) -> None:
    async with App.open(":memory:") as app:
        run = await app.start(team, task)
        value = await run.result()
        root = (await app.runs.tree(run.id)).root
    print(f"{team.card.name}: {task}")
    for node in root.walk():
        if node.kind in ("call", "workflow"):
            cost = node.total().usd
            again = f", asked {node.attempts} times" if node.attempts > 1 else ""
            failed = f", {node.state}: {node.note}" if node.state != "done" else ""
            name = f"{'  ' * node.key.count('.')}{node.name}"
            print(f"  {name:24} {'' if cost is None else f'${cost:.6f}'}{again}{failed}")
    partial = cast("Partial[object]", value) if isinstance(value, Partial) else None
    print(f"= {value}" if partial is None else f"= {partial.value}, in part: {partial.why}")
    print(f"  ${root.total().usd:.6f} in all")
