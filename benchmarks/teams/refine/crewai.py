from typing import Any

from crewai import Agent, Crew, Task, TaskOutput

LLM = "gpt-4o"

writer = Agent(role="Writer", goal="Write a slogan. Heed what the critic says.", backstory="You write.", llm=LLM)
critic = Agent(role="Critic", goal="Judge the slogan: say ACCEPTED, or what is wrong.", backstory="You judge.", llm=LLM)


def criticise(draft: TaskOutput) -> tuple[bool, Any]:
    verdict = critic.kickoff(draft.raw).raw
    return "ACCEPTED" in verdict, draft.raw if "ACCEPTED" in verdict else verdict


slogan = Task(
    description="{task}",
    expected_output="A slogan.",
    agent=writer,
    guardrail=criticise,
    guardrail_max_retries=2,
)
team = Crew(agents=[writer], tasks=[slogan])


async def run(task: str) -> str:
    result = await team.kickoff_async(inputs={"task": task})
    return result.raw
