"""An incident room: a ledger of what is known, a lead who picks the next step, and a last word for the status page.

The engineer uses an agent and a team as tools: the on-call notes, and a pair that reads logs. When the lead says that
they go round in circles, the plan is made anew.

python examples/teams/incident_room.py
"""

from played import model, play
from podium.patterns import ProgressLedger, TaskLedger, magentic, sequence
from podium.testing import Give, Use

PLAN = "What is known, what is to be found out, and who does what."


def step(worker: str, told: str, *, progressing: bool = True, satisfied: bool = False) -> Give:
    """Return what the lead says of how far they are."""
    return Give(
        ProgressLedger(
            satisfied=satisfied, looping=not progressing, progressing=progressing, next=worker, instruction=told
        )
    )


grep = model("grep", "Pick the lines of the log that matter.", "12:01 OutOfMemory in checkout")
explain = model("explain", "Say what these lines mean.", "Checkout ran out of memory at 12:01.")
logs = sequence(grep, explain, name="logs", description="Reads the logs of a service.")
notes = model("notes", "Know the notes of those who were on call.", "A release of checkout went out at 11:58.")

engineer = model(
    "engineer",
    "Diagnose faults. Use the logs and the notes.",
    "I would rather look at the network first.",
    [Use("logs", {"input": "checkout"}), Use("notes", {"input": "checkout"})],
    "The release of 11:58 eats memory. Roll it back.",
    tools=[logs, notes],
)
operator = model("operator", "Change what runs.", "Rolled back to the release before.")

lead = model(
    "lead",
    "Say how far we are, and who goes on with what.",
    step("engineer", "Why do payments fail?"),
    step("engineer", "Why do payments fail?", progressing=False),
    step("engineer", "Read the logs of checkout."),
    step("operator", "Roll checkout back."),
    step("", "", satisfied=True),
    output=ProgressLedger,
)
ledger = model(
    "ledger",
    PLAN,
    Give(TaskLedger(facts="Payments fail since 12:00.", plan="The engineer looks at the network.")),
    Give(TaskLedger(facts="It is not the network.", plan="The engineer reads logs, the operator acts.")),
    output=TaskLedger,
)
status_page = model("status_page", "Write one sentence for our customers.", "Payments work again since 12:09.")

incident_room = magentic(
    lead, [engineer, operator], ledger=ledger, final=status_page, max_stalls=1, resets=1, rounds=8, name="incident_room"
)

if __name__ == "__main__":
    play(incident_room, "Payments fail.")
