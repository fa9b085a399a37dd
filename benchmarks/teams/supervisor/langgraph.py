from langchain.agents import create_agent
from langchain.chat_models import init_chat_model
from langgraph_supervisor import create_supervisor

MODEL = "openai:gpt-4o"

flights = create_agent(MODEL, name="flights", system_prompt="You find flights.")
hotels = create_agent(MODEL, name="hotels", system_prompt="You find hotels.")
team = create_supervisor(
    [flights, hotels],
    model=init_chat_model(MODEL),
    prompt="You plan trips. Have your workers look things up.",
).compile()


async def run(task: str) -> str:
    result = await team.ainvoke({"messages": [{"role": "user", "content": task}]})
    return result["messages"][-1].text
