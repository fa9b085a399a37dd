"""A travel desk: a planner splits a journey into bookings, and plans anew what could not be booked.

The first plan gives work to somebody who is not there: the planner is told, and asked again. The hotel is full, so what
is left is planned anew. For a second journey no ferry is to be had at all: the desk finishes in part, and gives what it
has booked.

python examples/teams/travel_desk.py
"""

from played import model, play
from podium.errors import NotDone
from podium.patterns import Plan, PlanTask, plan_execute
from podium.testing import Give, Use


def seats(train: str) -> int:
    """Return how many seats a train has left."""
    return {"night train": 2}.get(train, 0)


def rooms(house: str) -> int:
    """Return how many rooms a house has left."""
    if house != "Anchor":
        raise NotDone(f"the {house} is full")
    return 1


def cabins(day: str) -> int:
    """Return how many cabins a ferry has left."""
    raise NotDone(f"no cabin is left on {day}")


def plan(*tasks: PlanTask) -> Give:
    """Return a plan as the planner gives it."""
    return Give(Plan(tasks=list(tasks)))


TRAIN = PlanTask(id="train", worker="rail", input="Book the night train to the coast.")
HOTEL = PlanTask(id="hotel", worker="hotels", input="Book a room near the harbour.", after=["train"])
FERRY = PlanTask(id="ferry", worker="ferries", input="Book a cabin to the island.", after=["train"])
BY_TRAIN = Use("seats", {"train": "night train"})

planner = model(
    "planner",
    "Split a journey into bookings, and say which need the results of which.",
    plan(TRAIN, PlanTask(id="hotel", worker="inns", input="Book a room.")),
    plan(TRAIN, HOTEL),
    plan(PlanTask(id="hotel", worker="hotels", input="Book a room further out.")),
    plan(TRAIN, FERRY),
    plan(PlanTask(id="ferry", worker="ferries", input="Book a cabin a day later.")),
    output=Plan,
)
rail = model("rail", "Book trains.", BY_TRAIN, "Seats 41 and 42.", BY_TRAIN, "Seats 43 and 44.", tools=[seats])
hotels = model(
    "hotels",
    "Book rooms.",
    Use("rooms", {"house": "Harbour"}),
    Use("rooms", {"house": "Anchor"}),
    "A room at the Anchor.",
    tools=[rooms],
)
ferries = model(
    "ferries", "Book cabins.", Use("cabins", {"day": "Friday"}), Use("cabins", {"day": "Saturday"}), tools=[cabins]
)
clerk = model("clerk", "Tell the customer what is booked.", "Night train, seats 41 and 42, and a room at the Anchor.")

travel_desk = plan_execute(
    planner, [rail, hotels, ferries], attempts=1, replans=1, report=clerk, on_failure="partial", name="travel_desk"
)

if __name__ == "__main__":
    play(travel_desk, "To the coast for a weekend, two people.")
    play(travel_desk, "To the island for a weekend, two people.")
