from itertools import cycle, islice

from agents import Agent, Runner, TResponseInputItem

MODEL = "gpt-4o"

designer = Agent(name="designer", model=MODEL, instructions="You design. Say AGREED once you both want the same.")
builder = Agent(name="builder", model=MODEL, instructions="You build. Say what is cheaper.")


async def run(task: str) -> str:
    messages: list[TResponseInputItem] = [{"role": "user", "content": task}]
    said = ""
    for speaker in islice(cycle([designer, builder]), 8):
        said = (await Runner.run(speaker, messages)).final_output
        messages.append({"role": "user", "content": f"{speaker.name}: {said}"})
        if "AGREED" in said:
            break
    return said
