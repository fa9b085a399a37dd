from agents import Agent, Runner

MODEL = "gpt-4o"

flights = Agent(name="flights", model=MODEL, instructions="You find flights.")
hotels = Agent(name="hotels", model=MODEL, instructions="You find hotels.")
manager = Agent(
    name="manager",
    model=MODEL,
    instructions="You plan trips. Have your workers look things up.",
    tools=[
        flights.as_tool(tool_name="flights", tool_description="Finds flights."),
        hotels.as_tool(tool_name="hotels", tool_description="Finds hotels."),
    ],
)


async def run(task: str) -> str:
    result = await Runner.run(manager, task)
    return result.final_output
