"""`podium serve`: the same system over HTTP."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import typer

from podium.app import App
from podium.cli.commands.inbox import login
from podium.cli.demo import Demo, support_desk
from podium.cli.load import load, split
from podium.cli.logs import LogJsonOption, LogLevelOption, log_to_stderr
from podium.cli.opening import drive, export_environment
from podium.cli.options import ModelOption, SetOption, StoreOption
from podium.cli.output import note
from podium.cli.pauses import keep_pauses_short, pauses_put_off
from podium.config import Config, load_config
from podium.lazy import importing
from podium.model.agent import AnyAgent
from podium.model.fleet import IDLE, FleetSettings
from podium.model.principal import ADMIN, Principal

_DEMO = """\
A support desk works through {tickets} tickets. In another terminal, in this folder:
  podium runs list
  podium inbox show next
  podium inbox answer next 'Thank you. We look into it.'
  podium inbox link next --for ann    # a page for a telephone or a browser"""


def serve(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE...]", help="Files or folders whose workflows are served.")
    ] = None,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65_535, help="Where to listen; 0 is any that is free.")
    ] = 8400,
    apart: Annotated[
        bool, typer.Option("--apart", "--no-work", help="Drive no runs here: `podium work` does, elsewhere.")
    ] = False,
    demo: Annotated[
        bool, typer.Option("--demo", help="Bring the support desk of the examples along, with tickets on it.")
    ] = False,
    log_level: LogLevelOption = None,
    log_json: LogJsonOption = False,
    model: ModelOption = None,
    settings: SetOption = None,
    store: StoreOption = None,
) -> None:
    """Serve the store and the files' workflows over HTTP, and drive their runs, until interrupted."""
    export_environment(model, settings)
    log_to_stderr(log_level, as_json=log_json)
    agents = [agent for file in files or () for agent in load(split(file)[0]).agents]
    config = load_config(store=store)
    if apart:
        config = replace(config, fleet=FleetSettings(kind=IDLE))
    try:
        with pauses_put_off():
            drive(_serve(config, agents, host, port, support_desk() if demo else None))
    except KeyboardInterrupt:
        note("stopped: what is done is kept. The same command again goes on.")
        raise typer.Exit(130) from None


async def _serve(config: Config, agents: Sequence[AnyAgent], host: str, port: int, demo: Demo | None) -> None:
    with importing():  # an extra, and a third of a second
        from podium.server.access.bounds import is_loopback
        from podium.server.access.opening import signing_in
        from podium.server.application import application
        from podium.server.running import listen, served

    with listen(host, port) as listening:
        scheme = "http" if config.server.certificate is None else "https"
        at = f"{scheme}://{in_address(host)}:{listening.getsockname()[1]}"
        if is_loopback(host):
            config = replace(config, links=replace(config.links, url=config.links.url or config.server.url or at))
        async with App.open(config=config) as app:
            app.register(*agents, *(demo.agents if demo else ()))
            if config.links.url is not None:
                await app.inbox.lead_links_to(config.links.url)
            starter = Principal(who=login(), tenant="default", roles={ADMIN})
            async with signing_in(app, host, starter) as access:
                served_app = application(app, access, listens_on=host)
                async with app.webhooks.delivering(), served(served_app, listening, config.server):
                    print(f"Podium serves {at}/api/v1", flush=True)
                    if access.here is not None:
                        print(f"  in a browser, once: {at}/sign-in?token={access.here.link}", flush=True)
                        print(f"  curl -H 'Authorization: Bearer {access.here.token}' {at}/api/v1/runs", flush=True)
                    elif scheme == "http" and not config.server.proxies and not is_loopback(host):
                        note(
                            "keys go over the network as they are: set a certificate, or put a proxy with one in front."
                        )
                    if demo:
                        print(_DEMO.format(tickets=len(demo.tickets)), flush=True)
                        await demo.begin(app)
                    elif not agents:
                        note("it starts no runs: name files with workflows, as `podium serve desk.py`, or --demo.")
                    keep_pauses_short()
                    await app.drained()


def in_address(host: str) -> str:
    """Return a host as it stands in an address: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host
