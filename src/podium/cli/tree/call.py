"""One call in full, for people and for programs."""

import dataclasses

from podium.cli.output import iso, moment, print_json, print_value
from podium.formats.printable import beneath, in_line
from podium.model.json import Json
from podium.reports.calls.detail import CallDetail
from podium.secrets.masking import MASKING


def print_call(detail: CallDetail) -> None:
    """Print what a call was given, each of its steps, what was asked and answered, what failed, and what it gave."""
    agent = f" {detail.agent} {detail.version}" if detail.agent else ""
    print(f"{detail.key}{agent}  {detail.state}")
    if detail.agent:
        _print_part("input", detail.input)
    for step in detail.steps:
        _print_part(f"{step.key}  {step.name}  {moment(step.at)}", step.value)
    for asked in detail.questions:
        print(f"\n{asked.question}  to {in_line(asked.to)}\n{_safe(asked.text)}")
        for answer in asked.answers:
            _print_part(f"{in_line(answer.by)}  {moment(answer.at)}", answer.value)
    for failed in detail.failed:
        print(f"\nfailed  {moment(failed.at)}\n{_safe(failed.error)}")
    if detail.state == "done":
        _print_part("output", detail.output)


def call_json(detail: CallDetail) -> Json:
    """Return a call for programs."""
    told = dataclasses.asdict(detail)
    for part in [*told["steps"], *told["failed"], *(each for asked in told["questions"] for each in asked["answers"])]:
        part["at"] = iso(part["at"])
    return told


def _print_part(title: str, value: Json) -> None:
    print(f"\n{title}")
    if isinstance(value, str):
        print_value(value)
    else:
        print_json(value)


def _safe(text: str) -> str:
    return beneath(MASKING.text(text))
