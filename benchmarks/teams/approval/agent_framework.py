import json
from pathlib import Path

from agent_framework import Agent, AgentSession, Content, Message, tool
from agent_framework.openai import OpenAIChatCompletionClient


@tool(approval_mode="always_require")
def pay(amount: int) -> str:
    """Pay an amount in euros."""
    return f"paid {amount}"


clerk = Agent(
    OpenAIChatCompletionClient(model="gpt-4o"),
    "You pay invoices once a person has approved them.",
    name="clerk",
    tools=[pay],
)


async def start(task: str) -> str:
    session = clerk.create_session()
    result = await clerk.run(task, session=session)
    [question] = result.user_input_requests
    Path("team.json").write_text(json.dumps({"session": session.to_dict(), "question": question.to_dict()}))
    return f"{question.function_call.name} {question.function_call.arguments}"


async def finish() -> str:
    saved = json.loads(Path("team.json").read_text())
    answer = Content.from_dict(saved["question"]).to_function_approval_response(approved=True)
    session = AgentSession.from_dict(saved["session"])
    result = await clerk.run(Message("user", [answer]), session=session)
    return result.text
