"""`python -m benchmarks.server` measures what it says: the small part of it."""

import shutil
from pathlib import Path

import pytest

from benchmarks.job import Figures
from benchmarks.server import figures, measured
from benchmarks.server.crowd import Crowd, Viewers, mix

REQUEST: Figures = {"p50_ms": 2.0, "p99_ms": 5.0, "processor": 0.3, "show a run: p99_ms": 5.0}
SERVED: Figures = {
    **REQUEST, "p99_ms": 10.0, "system_p50_ms": 3, "system_p99_ms": 4, "runs_p50_ms": 3, "runs_p99_ms": 4, "events": 9,
    "late": 0, "rest_bytes": 1e8, "grown_bytes": 1e7,
}  # fmt: skip


def test_each_figure_of_a_round_has_a_line_and_each_request_its_own() -> None:
    rounds: list[figures.Round] = [
        {
            "start": {"s": 0.8}, "bare": REQUEST, "streams": REQUEST, **dict.fromkeys(figures.SETUPS, SERVED),
            "engine": {"alone": 6_000.0, "apart": apart, "one": 3_000.0},
        }
        for apart in (4_800.0, 5_400.0, 3_600.0)
    ]  # fmt: skip
    said = figures.page(figures.Results(rounds=rounds, load=[0.1]))
    assert "| … to bare FastAPI | times | 2.00 | 2.00 to 2.00 | ≤ 3 |" in said
    assert "| … a server apart that is asked and watched, to no server | times | 0.80 | 0.60 to 0.90 | ≥ 0.85 |" in said
    assert "| show a run | 5.00 | 5.00 | 5.00 | 5.00 |" in said


def test_ten_of_two_hundred_requests_start_a_run_and_one_of_them_asks() -> None:
    weights = [(each["name"], each["weight"]) for each in mix()]
    assert sum(weight for _, weight in weights) == 200
    assert weights[:2] == [("start", 9), ("start", 1)]
    assert all(each["method"] == "GET" for each in mix(starts=False))


@pytest.mark.system
@pytest.mark.skipif(shutil.which("go") is None, reason="needs Go")
@pytest.mark.parametrize("apart", [False, True])
def test_a_small_crowd_is_served_and_gets_every_event(tmp_path: Path, *, apart: bool) -> None:
    crowded = measured.Crowded(Crowd(tmp_path), warm=0.0, seconds=2.0, viewers=Viewers(system=3, runs=30, slow=1))
    found = measured.served(crowded, apart=apart, workers=int(apart))
    assert found["started"] >= 20
    assert found["events"] + found["late"] >= found["started"] * (2 * 3 + 50)
    assert found["p50_ms"] <= found["p99_ms"]
