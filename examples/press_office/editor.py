"""Has a press release written by a server, shows each draft to whoever sits here, and prints what is released.

PODIUM_TOKEN=… python examples/press_office/editor.py http://127.0.0.1:8400 "Bees on the roof"
"""

import os
import sys
from contextlib import closing

from podium.client import Client
from podium.errors import AlreadyAnswered

ENDS = ("run_ended", "run_blocked")


def released(client: Client, topic: str) -> str:
    """Return what was released about a topic. Begun again, this goes on with the run that it started before."""
    run = client.runs.start("release", topic, tag=f"release: {topic}")
    with closing(client.events(after=0, type=("question_opened", *ENDS), run=run.id)) as events:
        for event in events:
            if event.type in ENDS:
                break
            for question in client.inbox.list(run=run.id):
                look(client, question.id)
    return client.runs.result(run.id).raise_for_state().value


def look(client: Client, question: str) -> None:
    """Show a draft and what changed in it, and answer for whoever reads it."""
    asked = client.inbox.get(question)
    print("\n".join(asked.diff or [asked.subject]), "\n")
    said = input(f"{asked.text} (y, or what to change) ").strip()
    try:
        client.inbox.answer(question, {"approved": True} if said == "y" else {"approved": False, "comment": said})
    except AlreadyAnswered:
        print("Somebody else was quicker.")


if __name__ == "__main__":
    _, url, topic = sys.argv
    with Client(url, token=os.environ["PODIUM_TOKEN"]) as podium:
        print(f"\nReleased:\n\n{released(podium, topic)}")
