"""The desk as a conversation: a customer comes back, the desk remembers, and a person who took over stays in charge.

python examples/support_desk/talk.py FILE CUSTOMER TEXT
python examples/support_desk/talk.py FILE CUSTOMER
"""

import sys
from contextlib import aclosing
from dataclasses import dataclass

from desk import reviewed
from podium import App, Context, ConversationTurn, Steps, agent, human, run_sync, workflow
from podium.model.json import Json
from podium.model.streams import QuestionOpened, RunEnded
from podium.patterns import Answer, HandOff, handoff
from staff.papers import Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """What a customer wants, with what they wrote before, and what they were told."""

    ticket: Ticket
    answers: list[str]


@agent
async def recall(text: str, steps: Steps) -> Recalled:
    """Put what a customer writes beside what was said before."""
    assert steps.conversation is not None
    said = await steps.conversation.messages()
    own = [each.text for each in said if each.message["kind"] == "request"]
    answers = [each.text for each in said if each.message["kind"] == "response"]
    return Recalled(ticket=Ticket(body="\n\n".join([*own, text])), answers=answers)


@workflow
async def front(ctx: Context, told: dict[str, Json]) -> HandOff | Answer:
    """Answer from the handbook, or hand over to a person."""
    assert ctx.conversation is not None
    listens = ConversationTurn(ctx.conversation, says="nothing")
    recalled = await ctx.call(recall, told["task"], conversation=listens)
    review, verdict = await reviewed(ctx, recalled.ticket)
    draft = review.draft.text
    if verdict.send and draft not in recalled.answers:
        return Answer(answer=draft)
    reasons = verdict.reasons or ["the handbook has no other answer than the one before"]
    return HandOff(to="colleague", reason="; ".join(reasons))


def worded(task: str, note: HandOff) -> str:
    """Word the question that a person is asked."""
    return f"{task}\n\n{note.reason}"


colleague = human("support", text=worded, answer=HandOff | Answer, name="colleague", description="A person.")
talk = handoff(front, colleague, name="talk")


async def say(file: str, customer: str, text: str) -> str:
    """Say something as a customer; returns the answer, or that a person has to give it."""
    turn = ConversationTurn(f"talk-{customer}", busy="refuse")
    async with App.open(file, agents=[talk]) as app:
        run = await app.start(talk, text, conversation=turn)
        async with aclosing(run.stream(after=0)) as events:
            async for event in events:
                match event.content:
                    case QuestionOpened():
                        return "A colleague will answer you."
                    case RunEnded(state="done"):
                        break
                    case RunEnded():
                        return "A colleague is still at your last message."
                    case _:
                        pass
        return str(await run.result())


async def read(file: str, customer: str) -> str:
    """Return what was said in the conversation with a customer."""
    async with App.open(file) as app:
        said = await app.conversations.messages(f"talk-{customer}")
        return "\n".join(f"{each.author}: {each.text}" for each in said)


if __name__ == "__main__":
    match sys.argv[1:]:
        case [file, customer, text]:
            print(run_sync(say(file, customer, text)))
        case [file, customer]:
            print(run_sync(read(file, customer)))
        case _:
            sys.exit(__doc__)
