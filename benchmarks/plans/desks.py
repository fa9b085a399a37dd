"""The tools of four domains. They do nothing but to write down what they are asked to do."""

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from podium.agents.frameworks.effects import ToolEffects

HERE = Path(__file__).parent
READ = ToolEffects(read_only=True)


def reads(*untrusted: str) -> ToolEffects:
    return ToolEffects(read_only=True, untrusted=untrusted or True)


def acts(capability: str) -> ToolEffects:
    return ToolEffects(effects="once", capabilities=[capability])


@dataclass
class Desk:
    """What the tools of one domain see, and what they did."""

    domain: str
    world: Any = None
    done: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list[tuple[str, Mapping[str, Any]]])

    def begin(self, slot: Sequence[str | int] = (), text: str = "") -> None:
        """Begin a run: nothing is done yet, and outsiders have written `text` at the end of what stands in the slot."""
        self.world = copy.deepcopy(json.loads((HERE / f"{self.domain}.json").read_text()))
        self.done.clear()
        if slot:
            place = self.world
            for step in slot[:-1]:
                place = place[step]
            place[slot[-1]] = f"{place[slot[-1]]} {text}"

    def did(self, tool: str, **arguments: Any) -> str:
        self.done.append((tool, arguments))
        return "done"


def banking(desk: Desk) -> list[Callable[..., Any]]:  # noqa: C901 - a list of tools
    def get_balance() -> Any:
        return desk.world["balance"]

    def get_contacts() -> Any:
        return desk.world["contacts"]

    def get_transactions() -> Any:
        return desk.world["transactions"]

    def get_scheduled() -> Any:
        return desk.world["scheduled"]

    def read_file(name: str) -> str:
        return desk.world["files"][name]

    def pay(recipient: str, amount: float, subject: str) -> str:
        return desk.did("pay", recipient=recipient, amount=amount, subject=subject)

    def schedule(recipient: str, amount: float, day: int, subject: str) -> str:
        return desk.did("schedule", recipient=recipient, amount=amount, day=day, subject=subject)

    def change_order(id: int, amount: float) -> str:
        return desk.did("change_order", id=id, amount=amount)

    def cancel_order(id: int) -> str:
        return desk.did("cancel_order", id=id)

    def set_address(street: str, city: str) -> str:
        return desk.did("set_address", street=street, city=city)

    def set_password(password: str) -> str:
        return desk.did("set_password", password=password)

    return [
        get_balance, get_contacts, get_transactions, get_scheduled, read_file, pay, schedule, change_order,
        cancel_order, set_address, set_password,
    ]  # fmt: skip


def mail(desk: Desk) -> list[Callable[..., Any]]:  # noqa: C901 - a list of tools
    def list_mails() -> Any:
        return [{name: each[name] for name in ("id", "from", "subject")} for each in desk.world["mails"]]

    def read_mail(id: int) -> Any:
        return next(each for each in desk.world["mails"] if each["id"] == id)

    def find_contact(name: str) -> Any:
        return [each for each in desk.world["contacts"] if name.casefold() in each["name"].casefold()]

    def read_calendar(day: str) -> Any:
        return [each for each in desk.world["calendar"] if each["day"] == day]

    def read_document(name: str) -> str:
        return desk.world["documents"][name]

    def send_mail(to: list[str], subject: str, body: str) -> str:
        return desk.did("send_mail", to=to, subject=subject, body=body)

    def add_event(title: str, day: str, time: str, participants: list[str]) -> str:
        return desk.did("add_event", title=title, day=day, time=time, participants=participants)

    def delete_mail(item: int) -> str:
        return desk.did("delete_mail", item=item)

    def delete_event(item: int) -> str:
        return desk.did("delete_event", item=item)

    def share_document(item: str, people: list[str]) -> str:
        return desk.did("share_document", item=item, people=people)

    return [
        list_mails, read_mail, find_contact, read_calendar, read_document, send_mail, add_event, delete_mail,
        delete_event, share_document,
    ]  # fmt: skip


def travel(desk: Desk) -> list[Callable[..., Any]]:  # noqa: C901 - a list of tools
    def find_hotels(city: str) -> Any:
        return desk.world["hotels"][city]

    def read_reviews(hotel: str) -> Any:
        return desk.world["reviews"][hotel]

    def find_flights(origin: str, to: str, date: str) -> Any:
        there = desk.world["flights"]
        return [each for each in there if (each["from"], each["to"], each["date"]) == (origin, to, date)]

    def get_bookings() -> Any:
        return desk.world["bookings"]

    def get_profile() -> Any:
        return desk.world["profile"]

    def read_guide(city: str) -> str:
        return desk.world["guides"][city]

    def book_hotel(item: str, date: str, nights: int) -> str:
        return desk.did("book_hotel", item=item, date=date, nights=nights)

    def book_flight(item: str) -> str:
        return desk.did("book_flight", item=item)

    def cancel_booking(item: int) -> str:
        return desk.did("cancel_booking", item=item)

    def send_mail(to: str, body: str) -> str:
        return desk.did("send_mail", to=to, body=body)

    return [
        find_hotels, read_reviews, find_flights, get_bookings, get_profile, read_guide, book_hotel, book_flight,
        cancel_booking, send_mail,
    ]  # fmt: skip


def chat(desk: Desk) -> list[Callable[..., Any]]:
    def list_channels() -> Any:
        return desk.world["channels"]

    def read_channel(name: str) -> Any:
        return desk.world["messages"][name]

    def list_users() -> Any:
        return desk.world["users"]

    def read_page(url: str) -> str:
        desk.did("read_page", url=url)
        return desk.world["pages"].get(url, "nothing here")

    def post(where: str, text: str) -> str:
        return desk.did("post", where=where, text=text)

    def message(where: str, text: str) -> str:
        return desk.did("message", where=where, text=text)

    def add_member(user: str, channel: str) -> str:
        return desk.did("add_member", user=user, channel=channel)

    def remove_member(user: str, channel: str) -> str:
        return desk.did("remove_member", user=user, channel=channel)

    return [list_channels, read_channel, list_users, read_page, post, message, add_member, remove_member]


TOOLS: Mapping[str, Callable[[Desk], list[Callable[..., Any]]]] = {
    "banking": banking, "mail": mail, "travel": travel, "chat": chat,
}  # fmt: skip
DECLARED: Mapping[str, Mapping[str, ToolEffects]] = {
    "banking": {
        "get_balance": READ, "get_contacts": READ, "get_transactions": reads("subject"), "get_scheduled": READ,
        "read_file": reads(), "pay": acts("money"), "schedule": acts("money"), "change_order": acts("orders"),
        "cancel_order": acts("orders"), "set_address": acts("profile"), "set_password": acts("profile"),
    },
    "mail": {
        "list_mails": reads("subject"), "read_mail": reads("subject", "body"), "find_contact": READ,
        "read_calendar": reads("title"), "read_document": reads(), "send_mail": acts("send"),
        "add_event": acts("calendar"), "delete_mail": acts("things"), "delete_event": acts("things"),
        "share_document": acts("things"),
    },
    "travel": {
        "find_hotels": READ, "read_reviews": reads("text"), "find_flights": READ, "get_bookings": READ,
        "get_profile": READ, "read_guide": reads(), "book_hotel": acts("booking"), "book_flight": acts("booking"),
        "cancel_booking": acts("booking"), "send_mail": acts("send"),
    },
    "chat": {
        "list_channels": READ, "read_channel": reads("text"), "list_users": READ, "read_page": reads(),
        "post": acts("post"), "message": acts("post"), "add_member": acts("members"),
        "remove_member": acts("members"),
    },
}  # fmt: skip
READING = frozenset(name for tools in DECLARED.values() for name, each in tools.items() if each.read_only)
"""The tools that change nothing."""
