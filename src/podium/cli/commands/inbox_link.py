"""`podium inbox link`: an address with which one person answers one question."""

from dataclasses import replace
from typing import Annotated

import typer

from podium.app import App
from podium.cli.moments import span
from podium.cli.named import question_in
from podium.cli.opening import drive, existing
from podium.cli.options import JsonOption, StoreOption
from podium.cli.output import print_json
from podium.model.duration import FINITE


def link(
    question_id: Annotated[str, typer.Argument(metavar="QUESTION", help="Its id, or `next`.")],
    person: Annotated[str, typer.Option("--for", metavar="NAME", help="Who answers with it.")],
    within: Annotated[
        str | None, typer.Option(metavar="TIME", help="How long it can be used, such as 2d; else as the settings say.")
    ] = None,
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="Where the server is reached; else as the settings say, or it.")
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a link to a page on which one person answers a question, once. `podium serve` serves the page.

    It leads to where the server on the store listens, or listened last, unless the settings or --url name an address.
    Whoever has the link answers as that person: send it to nobody else. Opening it changes nothing.
    """
    seconds = None if within is None else span(within, "--within", FINITE)

    async def work() -> tuple[str, str]:
        config = existing(store)
        if url is not None:
            config = replace(config, links=replace(config.links, url=url))
        async with App.open(config=config) as app:
            question = await question_in(app, question_id)
            return question.id, await app.inbox.link(question.id, for_=person, within=seconds)

    question, made = drive(work())
    if as_json:
        print_json({"question": question, "person": person, "url": made})
        return
    print(made)
