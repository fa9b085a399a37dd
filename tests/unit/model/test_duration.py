"""A length of time is taken in every way in which people write one."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium import App, Budget, Context, Escalation, Retry, agent, human, workflow
from podium.agents.batched import batched
from podium.config import Config, load_config
from podium.errors import CallFailed, ConfigError, UsageError
from podium.model.agent import Card
from podium.model.audit import AuditSettings
from podium.model.batch import Batch
from podium.model.breaker import Breaker
from podium.model.duration import PAUSE, SPAN, Duration, in_seconds
from podium.model.health import Health
from podium.model.incident import MonitorSettings
from podium.model.limit import Limit
from podium.model.retry import Backoff
from podium.model.rules import AgentRules
from podium.model.run import RunOptions
from podium.patterns import gate, load
from podium.testing import DrivenClock, slow


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (30, 30), (2.5, 2.5), ("30", 30), ("2.5", 2.5), ("30s", 30), ("250ms", 0.25), ("5m", 300), ("1h30m", 5_400),
        ("1h 30m", 5_400), (" 2d ", 172_800), ("1.5h", 5_400), ("1w", 604_800), ("1d12h", 129_600), ("1m5ms", 60.005),
        (timedelta(minutes=2), 120), (timedelta(milliseconds=5), 0.005),
    ],
)  # fmt: skip
def test_a_length_of_time_is_written_in_many_ways(written: Duration, seconds: float) -> None:
    assert in_seconds(written, "timeout") == pytest.approx(seconds)


@pytest.mark.parametrize(
    "written",
    [
        "", " ", "soon", "s", "30 seconds", "1m30", "30m1h", "1h1h", "-5s", "1e3", "1,5s", "٣s", "PT1H", "1:30", "inf",
        "nan", float("nan"), True, None, [30], b"30s", 10**400, "9" * 400, "9" * 400 + "s",
    ],
)  # fmt: skip
def test_all_else_is_refused_in_words(written: Any) -> None:
    with pytest.raises(UsageError, match=r"^timeout is .*; expected seconds"):
        in_seconds(written, "timeout", SPAN)


@given(st.floats(min_value=0, max_value=1e9), st.sampled_from(["ms", "s", "m", "h", "d", "w"]))
def test_a_text_is_worth_what_a_timedelta_is(number: float, unit: str) -> None:
    names = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
    rounded = round(number / 1000, 3)
    same = timedelta(**{names[unit]: rounded})
    assert in_seconds(f"{rounded:.3f}{unit}", "it", PAUSE) == pytest.approx(same.total_seconds(), rel=1e-12, abs=2e-6)


async def check() -> bool:
    return True


EVERY: dict[str, Callable[[Any], float | None]] = {
    "Card(timeout)": lambda time: Card(name="a", timeout=time).timeout,
    "Card(cache)": lambda time: Card(name="a", cache=time).cache,
    "agent(timeout)": lambda time: agent(timeout=time)(check).card.timeout,
    "agent(cache)": lambda time: agent(cache=time)(check).card.cache,
    "workflow(timeout)": lambda time: workflow(timeout=time)(_flow).card.timeout,
    "batched(within)": lambda time: _rule(batched(within=time)(_each).card.batch).within,
    "Retry(delay)": lambda time: Retry(delay=time).delay,
    "Retry(max_delay)": lambda time: Retry(max_delay=time).max_delay,
    "Retry(max_retry_after)": lambda time: Retry(max_retry_after=time).max_retry_after,
    "Backoff(delay)": lambda time: Backoff(delay=time).delay,
    "Backoff(max_delay)": lambda time: Backoff(max_delay=time).max_delay,
    "Limit(per)": lambda time: Limit(per=time).per,
    "Limit(max_wait)": lambda time: Limit(max_wait=time).max_wait,
    "Breaker(slow_after)": lambda time: Breaker(slow_after=time).slow_after,
    "Breaker(window)": lambda time: Breaker(window=time).window,
    "Breaker(open_for)": lambda time: Breaker(open_for=time).open_for,
    "Breaker(probe_timeout)": lambda time: Breaker(probe_timeout=time).probe_timeout,
    "Batch(within)": lambda time: Batch(within=time).within,
    "Health(every)": lambda time: Health(check=check, every=time).every,
    "Health(timeout)": lambda time: Health(check=check, timeout=time).timeout,
    "Escalation(within)": lambda time: Escalation(to="boss", within=time).within,
    "Budget(seconds)": lambda time: Budget(seconds=time).seconds,
    "RunOptions(within)": lambda time: RunOptions(within=time).within,
    "AgentRules(timeout)": lambda time: AgentRules(timeout=time).timeout,
    "AgentRules(cache)": lambda time: AgentRules(cache=time).cache,
    "MonitorSettings(every)": lambda time: MonitorSettings(every=time).every,
    "MonitorSettings(max_wait)": lambda time: MonitorSettings(max_wait=time).max_wait,
    "MonitorSettings(window)": lambda time: MonitorSettings(window=time).window,
    "AuditSettings(every)": lambda time: AuditSettings(every=time).every,
    "Config(lease)": lambda time: Config(lease=time).lease,
    "Config(poll)": lambda time: Config(poll=time).poll,
    "Config(run_within)": lambda time: Config(run_within=time).run_within,
    "load_config(lease)": lambda time: load_config(Path("/nowhere"), environment={}, lease=time).lease,
    "PODIUM_RUN_WITHIN": lambda time: load_config(Path("/nowhere"), environment=_set(time)).run_within,
    "a pattern's timeout": lambda time: gate(_holds, name="g", timeout=time).card.timeout,
    "a timeout in a file": lambda time: _loaded(time).card.timeout,
}


async def _flow(ctx: Context) -> None: ...


async def _each(items: list[int]) -> list[int]:
    return items


def _holds(output: object) -> bool:
    return True


def _rule(batch: Batch | None) -> Batch:
    assert batch is not None
    return batch


def _set(time: object) -> dict[str, str]:
    return {"PODIUM_RUN_WITHIN": str(time.total_seconds() if isinstance(time, timedelta) else time)}


def _loaded(time: object) -> Any:
    if isinstance(time, timedelta):
        time = time.total_seconds()
    return load({"gate": {"check": f"{__name__}:_holds", "name": "g", "timeout": time}})


@pytest.mark.parametrize("option", EVERY)
@pytest.mark.parametrize("time", [90, 90.0, "90s", "1m30s", timedelta(seconds=90)])
def test_every_option_that_is_a_length_of_time_takes_one_in_any_way(option: str, time: Duration) -> None:
    assert EVERY[option](time) == 90


@pytest.mark.parametrize("option", EVERY)
@pytest.mark.parametrize("time", ["soon", "-1s", True])
def test_every_option_that_is_a_length_of_time_refuses_what_is_none(option: str, time: object) -> None:
    with pytest.raises((UsageError, ConfigError), match="expected"):
        EVERY[option](time)


SETTINGS = """
[podium]
lease = "1m"
poll = "500ms"
run_within = "2d"
audit = {every = "5m"}
monitor = {every = "1m", window = "1h"}
limits.models."*" = {requests = 60, per = "1m"}
budgets.run = {seconds = "1h"}

[podium.agents.slow]
timeout = "1m30s"
cache = "1d"
retry = {attempts = 3, delay = "2s"}
breaker = {open_for = "10m"}
"""


def test_settings_take_lengths_of_time_as_texts(tmp_path: Path) -> None:
    (tmp_path / "podium.toml").write_text(SETTINGS)
    config = load_config(tmp_path, environment={})
    assert (config.lease, config.poll, config.run_within, config.audit.every) == (60, 0.5, 172_800, 300)
    assert isinstance(config.monitor, MonitorSettings)
    assert (config.monitor.every, config.monitor.window) == (60, 3_600)
    assert config.limits.models["*"].per == 60
    assert config.budgets.run == Budget(seconds=3_600)
    slow = config.agents["slow"]
    assert (slow.timeout, slow.cache) == (90, 86_400)
    assert (slow.retry, slow.breaker) == (Retry(attempts=3, delay=2), Breaker(open_for=600))


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ('lease = "soon"', "podium.toml sets lease to 'soon'; expected seconds, more than 0, such as 30"),
        ("poll = 0", "podium.toml sets poll to 0; expected seconds, more than 0"),
        ('agents.a.timeout = "soon"', "agents.a.timeout: .*expected seconds"),
        ("agents.a.retry.delay = true", "agents.a.retry.delay: .*expected seconds"),
        ("limits.models.m.per = 0", r"Limit\(per=…\) is 0; expected seconds, more than 0"),
    ],
)
def test_a_setting_that_is_no_length_of_time_is_told_with_its_place(tmp_path: Path, setting: str, told: str) -> None:
    (tmp_path / "podium.toml").write_text(f"[podium]\n{setting}\n")
    with pytest.raises(ConfigError, match=told):
        load_config(tmp_path, environment={})


async def test_a_workflow_waits_for_times_of_every_kind() -> None:
    clock = DrivenClock()
    napping = slow("napping", "1h", clock=clock)
    silent = human("silent", text="Fine?", answer=bool, within="1m")

    @workflow
    async def waits(ctx: Context) -> list[float]:
        took: list[float] = []

        async def measure(waiting: Awaitable[object]) -> None:
            began = ctx.now()
            await waiting
            took.append(ctx.now() - began)

        await measure(ctx.sleep("1m30s"))
        await measure(ctx.sleep(timedelta(days=2)))
        await measure(ctx.signal("never", within="12h"))
        await measure(ctx.ask("Fine?", within=timedelta(minutes=1), default=None))
        await measure(ctx.call(napping, None, timeout="1w", within="2w"))
        with pytest.raises(CallFailed, match="nobody answered"):
            await ctx.call(silent, None)
        return took

    async with App.open(":memory:", clock=clock) as app:
        handle = await app.start(waits, within="4w")
        await clock.advance("3w")
        assert await handle.result() == [90, 172_800, 43_200, 60, 3_600]


@pytest.mark.parametrize(
    ("rule", "name"),
    [(Retry, "delay"), (Retry, "max_delay"), (Retry, "max_retry_after"), (Backoff, "delay"), (Backoff, "max_delay")],
)
@pytest.mark.parametrize("endless", [float("inf"), 1e300, "53w", timedelta(days=367), -1])
def test_nothing_is_parked_for_longer_than_a_year_between_two_attempts(rule: Any, name: str, endless: Any) -> None:
    with pytest.raises(UsageError, match=rf"^{rule.__name__}\({name}=…\) is .*; expected seconds, from 0 to 366 days"):
        rule(**{name: endless})
