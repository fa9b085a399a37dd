"""`supervisor`."""

from podium import agent
from podium.errors import Refusal
from podium.patterns.supervisor import Assignment, Delegate, Finish, WorkReport, supervisor
from tests.catalogue.entry import Entry


@agent
async def supervisor_lead(
    task: str, workers: dict[str, str], reports: list[WorkReport], rounds_left: int, remark: str | None = None
) -> Delegate | Finish:
    first, *others = workers
    if remark is None and not reports:
        return Delegate(assignments=[Assignment(to="nobody", input=task)])
    if not reports:
        return Delegate(assignments=[Assignment(to=who, input=task) for who in (first, *others)])
    if rounds_left > 0:
        given = [Assignment(to=who, input={"n": rounds_left}) for who in others]
        return Delegate(assignments=given, in_order=True)
    heard = [f"{report.round} {report.output or 'nothing'}" for report in reports if report.worker != first]
    return Finish(answer=[reports[0].output == "echo go", *heard])


@agent
async def supervisor_repeat(text: str) -> str:
    return text.replace("\n", "")


@agent
async def supervisor_refuse(text: str) -> str:
    raise Refusal("not today")


ENTRY = Entry(
    build=lambda slot: supervisor(supervisor_lead, [slot, supervisor_repeat, supervisor_refuse], rounds=4, at_once=2),
    gives=[True, "1 go", "1 nothing", '2 {  "n": 2}', "2 nothing", '3 {  "n": 1}', "3 nothing"],
)
