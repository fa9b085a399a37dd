from langchain.agents import create_agent
from langgraph_swarm import create_handoff_tool, create_swarm

MODEL = "openai:gpt-4o"

triage = create_agent(
    MODEL,
    name="triage",
    system_prompt="You receive customers. Hand over what others do, and say goodbye.",
    tools=[create_handoff_tool(agent_name="billing", description="Explains bills.")],
)
billing = create_agent(
    MODEL,
    name="billing",
    system_prompt="You explain bills. Hand refunds over.",
    tools=[create_handoff_tool(agent_name="refunds", description="Pays money back.")],
)
refunds = create_agent(
    MODEL,
    name="refunds",
    system_prompt="You pay money back. Hand the customer back when it is done.",
    tools=[create_handoff_tool(agent_name="triage", description="Receives customers.")],
)
team = create_swarm([triage, billing, refunds], default_active_agent="triage").compile()


async def run(task: str) -> str:
    result = await team.ainvoke({"messages": [{"role": "user", "content": task}]})
    return result["messages"][-1].text
