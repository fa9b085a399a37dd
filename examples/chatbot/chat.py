"""A chatbot that remembers what each person told it, also after it was started anew.

python examples/chatbot/chat.py FILE PERSON TEXT
"""

import re
import sys
from collections.abc import Sequence

from pydantic_ai.messages import ModelMessage, ModelRequest, UserPromptPart

from podium import App, Context, run_sync, workflow
from podium.agents.context import PinMessages, TokenWindow
from podium.agents.pydantic_ai import llm_agent
from podium.model.json import Json
from podium.testing.model import ScriptedModel

NAME = re.compile(r"my name is (\w+)", re.IGNORECASE)


def reply(messages: Sequence[ModelMessage]) -> str:
    """Answer as a language model might, from all that was said."""
    prompts = [
        str(part.content)
        for message in messages
        if isinstance(message, ModelRequest)
        for part in message.parts
        if isinstance(part, UserPromptPart)
    ]
    names = [found[1] for each in prompts if (found := NAME.search(each))]
    if not names:
        return "I do not know your name yet."
    return f"Your name is {names[-1]}. You have told me {len(prompts)} things."


def tells_name(message: Json) -> bool:
    """Whether somebody says in a message what they are called: that is never left out."""
    return NAME.search(str(message["parts"])) is not None


bot = llm_agent(
    "bot",
    model=ScriptedModel(reply),
    instructions="You are a friendly assistant. Be short.",
    context=[PinMessages(when=tells_name), TokenWindow(8_000)],
)


@workflow
async def chat(ctx: Context, text: str) -> str:
    """Answer in the conversation that the run was started in."""
    return await ctx.call(bot, text, conversation=ctx.conversation)


async def say(file: str, person: str, text: str) -> str:
    """Say something as a person; returns the answer."""
    async with App.open(file, agents=[chat, bot]) as app:
        return await app.run(chat, text, conversation=f"chat-{person}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    print(run_sync(say(*sys.argv[1:])))
