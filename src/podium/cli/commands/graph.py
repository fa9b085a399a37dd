"""`podium graph`: a workflow as a Mermaid flowchart."""

from typing import Annotated

import typer

from podium.cli.load import load, split
from podium.cli.named import run_in
from podium.cli.opening import look
from podium.cli.options import JsonOption, StoreOption
from podium.cli.output import print_json
from podium.errors import UsageError
from podium.facade.reader import Reader
from podium.patterns.building.pattern import is_pattern
from podium.reports.calls.source import source_chart


def graph(
    target: Annotated[
        str | None, typer.Argument(metavar="FILE[:NAME]", help="A Python or YAML file, or a folder.")
    ] = None,
    run: Annotated[str | None, typer.Option(metavar="RUN", help="Draw what this run did.")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a workflow as a Mermaid flowchart.

    With --run it shows what that run did: its calls in the order of the code, branches side by side. Without, it shows
    what can be read off the workflow's source without running it: the calls that stand there, in the order in which
    they are written. How often a loop turns, which way an `if` takes and what helper functions call is not known then.
    A pattern is drawn as it is made: its agents, and the way between them.
    """
    if run is not None:
        text = look(store, lambda reader: _recorded(reader, run))
    elif target is None:
        raise UsageError("nothing to draw: name FILE[:NAME], or a run with --run RUN.")
    else:
        path, name = split(target)
        loaded = load(path)
        workflow = loaded.workflow(name)
        text = workflow.graph() if is_pattern(workflow) else source_chart(workflow, loaded.names)
    if as_json:
        print_json({"mermaid": text})
    else:
        print(text)


async def _recorded(reader: Reader, run_id: str) -> str:
    return await reader.runs.graph((await run_in(reader, run_id)).id)
