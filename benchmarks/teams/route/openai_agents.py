from agents import Agent, Runner

MODEL = "gpt-4o"

billing = Agent(name="billing", model=MODEL, instructions="You answer questions about bills.")
technical = Agent(name="technical", model=MODEL, instructions="You answer technical questions.")
router = Agent(
    name="router",
    model=MODEL,
    instructions="Say which desk the customer needs: billing or technical.",
    handoffs=[billing, technical],
)


async def run(task: str) -> str:
    result = await Runner.run(router, task)
    return result.final_output
