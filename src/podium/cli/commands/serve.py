"""`podium serve`: the same system over HTTP."""

from collections.abc import Sequence
from typing import Annotated

import typer

from podium.app import App
from podium.cli.load import load, split
from podium.cli.opening import drive, export_environment
from podium.cli.options import ModelOption, SetOption, StoreOption
from podium.cli.output import note
from podium.config import Config, load_config
from podium.model.agent import AnyAgent
from podium.model.principal import OPERATOR, Principal


def serve(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE...]", help="Files or folders whose workflows are served.")
    ] = None,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="PORT", help="Where to listen; 0 is any that is free.")] = 8400,
    model: ModelOption = None,
    settings: SetOption = None,
    store: StoreOption = None,
) -> None:
    """Serve the store and the files' workflows over HTTP, and drive their runs, until interrupted."""
    export_environment(model, settings)
    agents = [agent for file in files or () for agent in load(split(file)[0]).agents]
    try:
        drive(_serve(load_config(store=store), agents, host, port))
    except KeyboardInterrupt:
        note("stopped: what is done is kept. The same command again goes on.")
        raise typer.Exit(130) from None


async def _serve(config: Config, agents: Sequence[AnyAgent], host: str, port: int) -> None:
    from podium.server.access.token import StartToken  # an extra, and a third of a second
    from podium.server.application import application
    from podium.server.running import listen, served

    with listen(host, port) as listening:
        async with App.open(config=config) as app:
            app.register(*agents)
            access = StartToken(Principal(who="local-user", tenant="default", roles={OPERATOR}))
            async with app.webhooks.delivering(), served(application(app, access), listening):
                at = f"http://{host}:{listening.getsockname()[1]}"
                print(f"Podium serves {at}/api/v1", flush=True)
                print(f"  curl -H 'Authorization: Bearer {access.token}' {at}/api/v1/runs", flush=True)
                await app.drained()
