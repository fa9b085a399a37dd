from itertools import cycle, islice

from crewai import Agent

LLM = "gpt-4o"

designer = Agent(
    role="designer", goal="You design. Say AGREED once you both want the same.", backstory="You draw.", llm=LLM
)
builder = Agent(role="builder", goal="You build. Say what is cheaper.", backstory="You build.", llm=LLM)


async def run(task: str) -> str:
    messages = [{"role": "user", "content": task}]
    said = ""
    for speaker in islice(cycle([designer, builder]), 8):
        said = (await speaker.kickoff_async(messages)).raw
        messages.append({"role": "user", "content": f"{speaker.role}: {said}"})
        if "AGREED" in said:
            break
    return said
