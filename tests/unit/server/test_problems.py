"""Every error is answered as a problem, with a status of its own sort."""

import inspect

import pytest

from podium import errors
from podium.errors import PodiumError
from podium.server.problems import STATUSES, status_of
from tests.unit.server.conftest import Serving

KINDS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.UsageError | errors.StoreError)
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_what_callers_and_stores_get_wrong_is_no_fault_of_the_server(kind: type[PodiumError]) -> None:
    assert status_of(kind("x")) in range(400, 500) or issubclass(kind, errors.StoreError)
    assert status_of(kind("x")) != 500


def test_the_statuses_are_of_errors_that_there_are() -> None:
    assert all(issubclass(kind, PodiumError) for kind in STATUSES)


async def test_a_body_that_is_no_json_is_told_apart_from_one_that_does_not_fit(serving: Serving) -> None:
    async with serving() as client:
        said = {"content-type": "application/json"}
        malformed = await client.post("/runs", content=b"{", headers=said)
        unfit = await client.post("/runs", json={"workflow": "x", "budget": {"usd": -1}})
        unknown = await client.get("/nowhere")
        method = await client.put("/runs")
    assert (malformed.status_code, malformed.json()["code"]) == (400, "malformed")
    assert unfit.status_code == 422
    assert unfit.json()["errors"][0]["where"] == ["body", "budget", "usd"]
    assert unknown.status_code == 404
    assert method.status_code == 405
    for each in (malformed, unfit, unknown, method):
        assert each.headers["content-type"] == "application/problem+json"
        assert set(each.json()) == {"type", "title", "status", "detail", "code", "errors"}
        assert each.json()["status"] == each.status_code


@pytest.mark.parametrize(
    ("error", "level"),
    [
        (RuntimeError("x"), "ERROR"),
        (PodiumError("x"), "ERROR"),
        (errors.StoreUnavailable("the disk is full"), "WARNING"),
    ],
)
async def test_the_log_has_faults_and_a_store_that_is_away_but_no_address_that_lets_somebody_in(
    serving: Serving, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception, level: str
) -> None:
    async def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr("podium.server.pages.route._linked", fails)
    async with serving() as client:
        assert (await client.get("http://podium/answer/secret")).status_code in (500, 503)
    (told,) = [each for each in caplog.records if each.name == "podium.server"]
    assert told.levelname == level
    assert told.getMessage().startswith("GET /answer/{token} ")
    assert "secret" not in told.getMessage()


@pytest.mark.parametrize(("path", "status"), [("/", 404), ("/sign-out", 405), ("/<b>", 404)])
async def test_a_browser_is_told_on_a_page_and_a_program_in_json(serving: Serving, path: str, status: int) -> None:
    async with serving() as client:
        page = await client.get(f"http://podium{path}", headers={"accept": "text/html,*/*;q=0.8"})
        body = await client.get(f"http://podium{path}")
        api = await client.get("/nowhere", headers={"accept": "text/html"})
    assert (page.status_code, body.status_code) == (status, status)
    assert page.headers["content-type"].startswith("text/html")
    assert body.headers["content-type"] == api.headers["content-type"] == "application/problem+json"
    assert body.json()["detail"][1:] in page.text
    assert "<b>" not in page.text
