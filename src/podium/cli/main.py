"""`podium`: the command line."""

import os
import platform
import sys
import traceback
from typing import Annotated

import typer

from podium.cli.commands_on_use import add_all
from podium.cli.console import CONSOLE
from podium.cli.options import DEBUG, WrongOption
from podium.cli.output import note
from podium.errors import PodiumError
from podium.secrets.masking import MASKING

podium = typer.Typer(
    help="Run, watch and answer durable teamwork of AI agents.", invoke_without_command=True, add_completion=False,
    rich_markup_mode=None, pretty_exceptions_enable=False,
)  # fmt: skip


@podium.callback()
def root(
    context: typer.Context,
    _debug: Annotated[bool, typer.Option(DEBUG, help="Show the traceback of an error.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version of Podium and of Python.")] = False,
) -> None:
    """Run, watch and answer durable teamwork of AI agents."""
    if version:
        from importlib import metadata  # reads files that other commands have no use for

        print(f"podium {metadata.version('podium')}, Python {platform.python_version()}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help())


add_all(podium)


def main() -> None:
    """Run a command. A mistake is told in one sentence; `--debug`, anywhere, shows where it came from."""
    CONSOLE.prepare()
    debug = DEBUG in sys.argv[1:]
    arguments = [each for each in sys.argv[1:] if each != DEBUG]
    try:
        status = podium(args=arguments, prog_name="podium", standalone_mode=False)
        sys.stdout.flush()
    except (PodiumError, typer.TyperException) as error:
        status = _refused(error, debug=debug)
    except typer.Abort:
        status = 130
    except KeyboardInterrupt:
        status = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read has gone: nothing more to say
        status = 1
    if (remedy := CONSOLE.remedy()) is not None:
        note(f"note: {remedy}")
    sys.exit(status)


def _refused(error: PodiumError | typer.TyperException, *, debug: bool) -> int:
    if debug:
        print(MASKING.text("".join(traceback.format_exception(error))), end="", file=sys.stderr)
    if isinstance(error, PodiumError):
        note(f"error: {error}")
        return 2 if isinstance(error, WrongOption) else 1
    message = getattr(error, "format_message", lambda: str(error))()
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "podium"
    if message:
        note(f"error: {message} See `{command} --help`.")
    return getattr(error, "exit_code", 2)


if __name__ == "__main__":
    main()
