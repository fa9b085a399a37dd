"""`mesh`."""

from podium import agent
from podium.model.json import Json
from podium.model.message import Message
from podium.patterns.mesh import mesh
from podium.patterns.parts.exchange import MeshResult, Outgoing, PeerReply
from podium.patterns.sequence import sequence
from tests.catalogue.entry import Entry


@agent
async def mesh_lead(message: Message, peers: dict[str, str], history: list[Message]) -> PeerReply:
    if message.type == "task":
        asked = [Outgoing(to=who, type="ask", payload=message.payload, requires_response=True) for who in peers]
        return PeerReply(messages=asked)
    heard = [each.payload for each in [*history, message] if each.type == "reply"]
    return PeerReply(answer=sorted(heard)) if len(heard) == len(peers) else PeerReply()


@agent
async def mesh_counter(message: Message, history: list[Message]) -> PeerReply:
    if message.type == "ask":
        return PeerReply(messages=[Outgoing(to="mesh_checker", type="check", payload="7", requires_response=True)])
    asked = next(each for each in history if each.type == "ask")
    return PeerReply(messages=[Outgoing(to=asked.from_, type="reply", payload=message.payload)])


@agent
async def mesh_checker(message: Message) -> PeerReply:
    reply = "reply" if message.type == "ask" else "checked"
    return PeerReply(messages=[Outgoing(to=message.from_, type=reply, payload=f"{message.type}ed")])


def mesh_payload(message: dict[str, Json]) -> str:
    return message["payload"]


def mesh_reply(text: str) -> Json:
    return {"messages": [{"to": "mesh_lead", "type": "reply", "payload": "something" if text else "nothing"}]}


def mesh_summary(talk: MeshResult) -> Json:
    return [talk.answer, len(talk.messages)]


ENTRY = Entry(
    build=lambda slot: sequence(
        mesh(mesh_lead, mesh_counter, mesh_checker, sequence(mesh_payload, slot, mesh_reply)), mesh_summary
    ),
    gives=[["asked", "checked", "something"], 9],
)
