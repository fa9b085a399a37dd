"""`podium init`: writes a small working project."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from podium.cli.options import JsonOption
from podium.cli.output import print_json
from podium.cli.servers import Server, find_servers
from podium.errors import UsageError

FILES = ("podium.toml", "team.py", "test_team.py", "README.md")
"""What a project is made of."""


def init(
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Made if it is not there.")] = Path(),
    as_json: JsonOption = False,
) -> None:
    """Write a small project that runs as it is: a team of agents, its settings, a test, a README.

    Files that are there are left alone. Looks for a model server on this machine, and says how to use it.
    """
    written = write_project(folder)
    servers = find_servers()
    if as_json:
        found = [{"name": each.name, "base_url": each.base_url, "models": list(each.models)} for each in servers]
        print_json(
            {
                "folder": str(folder),
                "written": written,
                "kept": [f for f in FILES if f not in written],
                "servers": found,
            }
        )
        return
    for name in FILES:
        print(f"{'wrote' if name in written else 'kept '}  {folder / name}")
    print("\nNext:")
    if folder != Path():
        print(f"  cd {folder}")
    print("  podium run team.py")
    for line in offers(servers):
        print(line)


def write_project(folder: Path) -> list[str]:
    """Write the files that are not there yet, and return their names; raises UsageError where that cannot be done."""
    written: list[str] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            text = files("podium.cli").joinpath("templates", f"{name}.txt").read_text(encoding="utf-8")
            try:
                with (folder / name).open("x", encoding="utf-8") as file:
                    file.write(text)
            except FileExistsError:
                continue
            written.append(name)
    except OSError as error:
        raise UsageError(
            f"the project cannot be written to {folder}: {error.strerror}. Name another folder."
        ) from error
    return written


def offers(servers: Sequence[Server]) -> list[str]:
    """Return the lines that say how the team runs on the model servers found."""
    lines: list[str] = []
    for server in servers:
        model = server.models[0]
        lines.append(
            f"\n{server.name} runs on this machine, with {', '.join(server.models[:3])}. The team can write with it:"
        )
        lines.append(f"  podium run team.py --model openai:{model} --set PODIUM_BASE_URL={server.base_url}")
    return lines
