from crewai import Agent, Crew, Process, Task

LLM = "gpt-4o"

manager = Agent(
    role="Manager",
    goal="You plan trips. Have your workers look things up.",
    backstory="You know your workers.",
    llm=LLM,
    allow_delegation=True,
)
flights = Agent(role="flights", goal="You find flights.", backstory="You know airlines.", llm=LLM)
hotels = Agent(role="hotels", goal="You find hotels.", backstory="You know hotels.", llm=LLM)
trip = Task(description="{task}", expected_output="A flight and a hotel.")
team = Crew(agents=[flights, hotels], tasks=[trip], process=Process.hierarchical, manager_agent=manager)


async def run(task: str) -> str:
    result = await team.kickoff_async(inputs={"task": task})
    return result.raw
