from agents import Agent, Runner

MODEL = "gpt-4o"

writer = Agent(name="writer", model=MODEL, instructions="Write a slogan. Heed what the critic says.")
critic = Agent(name="critic", model=MODEL, instructions="Judge the slogan: say ACCEPTED, or what is wrong.")


async def run(task: str) -> str:
    messages = [{"role": "user", "content": task}]
    draft = ""
    for _ in range(3):
        result = await Runner.run(writer, messages)
        draft, messages = result.final_output, result.to_input_list()
        verdict = (await Runner.run(critic, messages)).final_output
        if "ACCEPTED" in verdict:
            break
        messages.append({"role": "user", "content": verdict})
    return draft
