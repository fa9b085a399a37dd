from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.types import Command


def pay(amount: int) -> str:
    """Pay an amount in euros."""
    return f"paid {amount}"


def clerk(checkpointer: AsyncSqliteSaver):
    return create_agent(
        "openai:gpt-4o",
        system_prompt="You pay invoices once a person has approved them.",
        tools=[pay],
        middleware=[HumanInTheLoopMiddleware(interrupt_on={"pay": True})],
        checkpointer=checkpointer,
    )


config = {"configurable": {"thread_id": "invoice"}}


async def start(task: str) -> str:
    async with AsyncSqliteSaver.from_conn_string("team.db") as checkpointer:
        result = await clerk(checkpointer).ainvoke({"messages": [{"role": "user", "content": task}]}, config)
        return f"{result['__interrupt__'][0].value}"


async def finish() -> str:
    async with AsyncSqliteSaver.from_conn_string("team.db") as checkpointer:
        answer = Command(resume={"decisions": [{"type": "approve"}]})
        result = await clerk(checkpointer).ainvoke(answer, config)
        return result["messages"][-1].text
