"""Options that several commands have."""

from typing import Annotated

import typer

from podium.errors import UsageError


class WrongOption(UsageError):
    """What the command line says cannot be read, or does not go together: the command exits with 2."""


DEBUG = "--debug"
"""Anywhere among the arguments: shows where errors come from."""
StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store", metavar="STORE", help="A file, or postgresql://HOST/NAME; else that of podium.toml or PODIUM_STORE."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, metavar="N", help="At most so many.")]
CursorOption = Annotated[
    str | None, typer.Option("--cursor", metavar="CURSOR", help="Begin after a list that said this.")
]
PAGE = 50
"""So many items a list has where nothing is said."""
RunArgument = Annotated[
    str, typer.Argument(metavar="RUN", help="The id of a run, as much of it as is unique, or `last`.")
]
TenantOption = Annotated[str | None, typer.Option(metavar="NAME", help="Only those of this tenant.")]
WorkflowOption = Annotated[str | None, typer.Option(metavar="NAME", help="Only runs of this workflow.")]
SinceOption = Annotated[
    str | None, typer.Option(metavar="TIME", help="From a day or time on (UTC), or only the last 30m, 8h, 7d.")
]
UntilOption = Annotated[str | None, typer.Option(metavar="TIME", help="Before a day or time (UTC), or so long ago.")]
FileOption = Annotated[
    str | None, typer.Option("--file", metavar="FILE[:NAME]", help="The file with the run's workflow, to drive it on.")
]
ModelOption = Annotated[
    str | None,
    typer.Option("--model", metavar="VENDOR:NAME", help="A model for the file, which finds it in PODIUM_MODEL."),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="An environment variable for the file. May be given several times."
    ),
]
