"""A secret goes out by every way there is, and is found nowhere: not in the store's files, not in what is shown."""

import asyncio
import base64
import logging
import urllib.parse
from collections.abc import Generator, Sequence
from io import StringIO
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

from podium import App, Config, Context, Retry, RunHandle, Steps, agent, workflow
from podium.agents.memory import Append, Put, Search, memory
from podium.errors import CallFailed, RunFailed
from podium.model.embedding import Embeddings
from podium.model.json import Json
from podium.secrets import MaskingFilter, Secret
from podium.secrets.masking import MASKING
from podium.secrets.settings import SecretSettings
from podium.secrets.traces import MaskingExporter
from podium.testing import HashedEmbedder
from tests.e2e.cli import Desk

SECRET = 'tr0ub4dor&3/"x"'
SPELLINGS = (
    SECRET,
    SECRET.replace('"', '\\"'),
    urllib.parse.quote(SECRET, safe=""),
    base64.b64encode(SECRET.encode()).decode(),
    base64.b64encode(f"user:{SECRET}".encode()).decode()[8:24],
    "tr0ub4dor",
)
KEY = Secret("env:LEAKY")


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAKY", SECRET)


def leaks(text: str | bytes) -> list[str]:
    """Return the spellings of the secret that a text has in it."""
    raw = text if isinstance(text, bytes) else text.encode()
    return [each for each in SPELLINGS if each.encode() in raw]


def leaking_files(folder: Path) -> list[tuple[str, list[str]]]:
    """Return the files that have the secret in them."""
    found = [(str(path), leaks(path.read_bytes())) for path in folder.rglob("*") if path.is_file()]
    return [each for each in found if each[1]]


@agent
async def gives_it(_: None) -> dict[str, Json]:
    key = KEY.reveal()
    return {
        "plain": key,
        "url": f"https://x/?k={urllib.parse.quote(key, safe='')}",
        "basic": base64.b64encode(f"user:{key}".encode()).decode(),
        key: ["in a key"],
    }


@agent(retry=Retry(attempts=2, delay=0))
async def raises_it(_: None) -> None:
    message = "x" * 1_990 + KEY.reveal()  # where the message is cut
    raise ValueError(message)


@agent
async def steps_with_it(_: None, steps: Steps) -> str:
    key = KEY.reveal()

    async def sends() -> Json:
        return {"sent": key}

    steps.emit({"chunk": f"it is {key}"})
    steps.note("odd", {"saw": key})
    await steps.memory.put("notes", "k", {"key": key}, writer="w")
    await steps.once(f"send to {key}", sends, input={"with": key})
    logging.getLogger("podium").warning("the key is %s", key)
    logging.getLogger("elsewhere").error("the key is %s", key, exc_info=ValueError(key))
    return key


@agent
async def echoes(text: str) -> str:
    return f"they said {text}"


@workflow
async def everywhere(ctx: Context) -> list[Json]:
    await ctx.sleep(0.2)  # somebody begins to watch
    KEY.reveal()
    ctx.emit({"workflow": SECRET, SECRET: [SECRET]})
    said: list[Json] = [await ctx.call(gives_it, None), await ctx.call(steps_with_it, None)]
    try:
        await ctx.call(raises_it, None)
    except CallFailed as error:
        said.append(str(error))
    said.append(await ctx.call(echoes, KEY.reveal()))
    said.append(await ctx.call(echoes, KEY.reveal(), conversation="c"))
    said.append(await ctx.once("revealed", KEY.reveal))
    said.append(await ctx.ask(f"Is {KEY.reveal()} right?", subject=KEY.reveal(), answer=str))
    return [*said, KEY.reveal()]


@workflow
async def fails(ctx: Context) -> None:
    message = f"no way with {KEY.reveal()}"
    raise RuntimeError(message)


class Overheard(HashedEmbedder):
    """Keeps the texts that would have gone to a service."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        self.texts += texts
        return await super().embed(texts)


@pytest.fixture
def spans() -> Generator[StringIO]:
    written = StringIO()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(MaskingExporter(ConsoleSpanExporter(out=written))))
    tracer = provider.get_tracer("of an agent")
    try:
        with tracer.start_as_current_span("asks", attributes={"before": 1}) as span:
            span.set_attribute("key", KEY.reveal())
            span.add_event("sent", {"with": KEY.reveal()})
            int(KEY.reveal())
    except ValueError:
        pass
    yield written
    provider.shutdown()


@pytest.fixture
def log() -> Generator[StringIO]:
    written = StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(MaskingFilter())
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)


async def test_no_way_out_of_a_run_shows_a_secret(tmp_path: Path, log: StringIO, spans: StringIO) -> None:
    shown: list[str] = []

    async def watch(handle: RunHandle[list[Json]]) -> None:
        async for chunk in handle.stream():
            shown.append(str(chunk))

    async with App.open(tmp_path / "podium.db", agents=[everywhere, fails], poll=0.01) as app:
        handle = await app.start(everywhere)
        watching = asyncio.create_task(watch(handle))
        while not await app.inbox.list():
            await asyncio.sleep(0.01)
        watching.cancel()
        assert "it is ***" in "".join(shown)
        assert "'workflow': '***'" in "".join(shown)
        assert leaking_files(tmp_path) == []
    MASKING.forget()  # another process takes the run up, whose settings name the secret
    config = Config(poll=0.01, secrets=SecretSettings(known=("env:LEAKY",)))
    async with App.open(tmp_path / "podium.db", agents=[everywhere, fails], config=config) as app:
        [question] = await app.inbox.list()
        await app.inbox.answer(question.id, f"no, it is {SECRET}", by="eva")
        result = await (await app.handle(handle.id)).result()
        with pytest.raises(RunFailed) as failed:
            await app.run(fails)
        shown += [str(question), str(result), str(failed.value), str(await app.runs.list())]
        shown += [str(fact) for run in await app.runs.list() for fact in await app.runs.facts(run.id)]
        assert leaking_files(tmp_path) == []
        await app.operations.redact(handle.id, why=f"it had {SECRET}")
        assert [each.run for each in (await app.operations.prune(0, why=f"it had {SECRET}")).families] != []
        assert not any([await app.reports.verify(run.id) for run in await app.runs.list()])
    assert [(leaks(each), each) for each in shown if leaks(each)] == []
    assert (leaks(log.getvalue()), leaks(spans.getvalue())) == ([], [])
    assert leaking_files(tmp_path) == []
    assert "the key is ***" in log.getvalue()
    assert '"key": "***"' in spans.getvalue()
    assert "***" in str(result)


PROGRAM = """
from podium import Context, agent, workflow
from podium.secrets import Secret

KEY = Secret("env:LEAKY")


@agent
async def gives_it() -> str:
    return f"it is {KEY.reveal()}"


@workflow
async def tells(ctx: Context) -> str:
    return await ctx.call(gives_it, None) + KEY.reveal()


@workflow
async def asks(ctx: Context) -> None:
    await ctx.ask(f"is it {KEY.reveal()}?", subject=KEY.reveal())


@workflow
async def fails(ctx: Context) -> None:
    raise ValueError(KEY.reveal())
"""


def test_no_command_shows_a_secret(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.write("leaky.py", PROGRAM)
    shown: list[str] = []

    def podium(*arguments: str) -> str:
        ended = desk.podium(*arguments)
        shown.append(ended.out + ended.err)
        return shown[-1]

    assert "it is ******" in podium("run", "leaky.py:tells")
    podium("run", "leaky.py:fails")
    podium("run", "leaky.py:fails", "--debug")
    podium("run", "leaky.py:asks", "--detach")
    podium("inbox", "list")
    podium("dead-letters", "list")
    for run in desk.podium("runs", "list", "--json").json:
        podium("runs", "show", run["id"])
        podium("runs", "show", run["id"], "--json")
    assert [(leaks(each), each) for each in shown if leaks(each)] == []
    assert leaking_files(tmp_path) == []


def test_what_is_looked_for_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "leak").write_text(f"x{SECRET}y")
    assert len(leaking_files(tmp_path)) == 1


async def test_no_service_that_embeds_is_told_a_secret(tmp_path: Path) -> None:
    overheard = Overheard()
    notes = memory(embed=overheard)

    @workflow
    async def remembers(ctx: Context) -> None:
        await ctx.call(notes, Put("k", {KEY.reveal(): [KEY.reveal()]}))
        await ctx.call(notes, Append("t", KEY.reveal(), to="text"))
        await ctx.call(notes, Search(f"What is {KEY.reveal()}?"))

    async with App.open(tmp_path / "podium.db", agents=[remembers]) as app:
        await app.run(remembers)
        assert len(overheard.texts) == 3
        assert leaks("".join(overheard.texts)) == []
        assert leaking_files(tmp_path) == []
