from crewai import Agent, Crew, Task

LLM = "gpt-4o"

writer = Agent(role="Writer", goal="Write one sentence about the topic.", backstory="You write.", llm=LLM)
editor = Agent(role="Editor", goal="Shorten the sentence that you are given.", backstory="You edit.", llm=LLM)
draft = Task(description="Write about {topic}.", expected_output="One sentence.", agent=writer)
edit = Task(description="Edit what was written.", expected_output="A short sentence.", agent=editor)
team = Crew(agents=[writer, editor], tasks=[draft, edit])


async def run(task: str) -> str:
    result = await team.kickoff_async(inputs={"topic": task})
    return result.raw
