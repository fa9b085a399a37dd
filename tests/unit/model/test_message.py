"""The envelope of a message."""

from podium.agents.shape import shape_of
from podium.model.message import Message

MESSAGE = Message(
    id="m2", from_="ann", to="bob", type="question", payload={"from_": 1}, timestamp=5.0, correlation_id="m2",
    causation_id="m1", requires_response=True,
)  # fmt: skip
JSON = {
    "id": "m2",
    "from": "ann",
    "to": "bob",
    "type": "question",
    "payload": {"from_": 1},
    "timestamp": 5.0,
    "correlation_id": "m2",
    "causation_id": "m1",
    "schema_version": "1",
    "requires_response": True,
}


def test_its_names_in_json() -> None:
    assert MESSAGE.to_json() == JSON


def test_a_type_that_holds_messages_reads_and_writes_the_same_json() -> None:
    shape = shape_of(list[Message])
    assert shape.dump([MESSAGE]) == [JSON]
    assert shape.load([JSON]) == [MESSAGE]
    assert shape.schema["$defs"]["Message"]["required"] == ["id", "from", "to", "type", "timestamp", "correlation_id"]
