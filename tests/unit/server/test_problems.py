"""Every error is answered as a problem, with a status of its own sort."""

import inspect
import re
import time
from datetime import UTC, datetime, timedelta

import pytest

from podium import errors
from podium.errors import PodiumError
from podium.server.problems import STATUSES, status_of
from tests.unit.server.conftest import Serving
from tests.unit.server.desk import DESK

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


async def test_a_fault_is_answered_like_any_error_under_an_id_that_the_log_has_and_without_the_address_asked_for(
    serving: Serving, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving() as client:
        for error, code in ((LookupError("inside"), "fault"), (PodiumError("inside"), PodiumError.code)):

            async def fail(*_: object, error: Exception = error, **__: object) -> None:
                raise error

            monkeypatch.setattr("podium.facade.runs.Runs.tree", fail)
            caplog.clear()
            answer = await client.get("/runs/lets-its-reader-in")
            assert (answer.status_code, answer.json()["code"]) == (500, code)
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["x-content-type-options"] == "nosniff"
            found = re.search(r"fault_\w+", answer.json()["detail"])
            assert found is not None
            (logged,) = [each.getMessage() for each in caplog.records if each.levelname == "ERROR"]
            assert (logged, "lets-its-reader-in" in caplog.text) == (
                f"GET /api/v1/runs/{{run}} failed, as {found[0]}",
                False,
            )
            assert "LookupError: inside" in caplog.text or "PodiumError: inside" in caplog.text


async def test_a_time_without_a_zone_is_one_of_utc_wherever_the_server_stands(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        async with serving(*DESK, who="ann default admin") as client:
            document = (await client.get("/openapi.json")).json()
            timed = [
                path.removeprefix("/api/v1")
                for path, methods in document["paths"].items()
                if "{" not in path
                and any(each["name"] == "since" for each in methods.get("get", {}).get("parameters", []))
            ]
            assert len(timed) > 5
            for path in timed:
                more = {"/messages": {"text": "x"}, "/audit/report": {"tenant": "default"}}.get(path, {})
                for moment in ("0001-01-01T00:00:00", "9999-12-31T23:59:59", "2026-12-01T12:00:00"):
                    plain, zoned = [
                        await client.get(path, params={"since": each, **more}) for each in (moment, f"{moment}Z")
                    ]
                    assert plain.status_code == zoned.status_code == 200, (path, plain.text)
            await client.post("/runs?wait=20", json={"workflow": "article", "input": "tea"})
            for minutes, count in ((-1, 1), (1, 0)):
                moment = datetime.now(UTC).replace(tzinfo=None) + timedelta(minutes=minutes)
                assert len((await client.get("/runs", params={"since": moment.isoformat()})).json()["items"]) == count
    finally:
        monkeypatch.undo()
        time.tzset()


async def test_a_method_that_an_address_has_not_is_told_those_that_it_has(serving: Serving) -> None:
    async with serving(*DESK, who="ann default admin") as client:
        document = (await client.get("/openapi.json")).json()
        for path, methods in document["paths"].items():
            asked = re.sub(r"{\w+}", "x", path)
            answer = await client.request("TRACE", f"http://podium{asked}")
            allowed = set(answer.headers["allow"].split(", ")) - {"HEAD"}
            expected = {each.upper() for each in methods}
            assert answer.status_code == 405
            assert allowed >= expected, path  # of a name that may be anything there are more
            assert allowed == expected or path != "/api/v1/runs"
            assert all(each in answer.json()["detail"] for each in allowed)
        assert [(await client.head(f"http://podium/health/{each}")).status_code for each in ("live", "ready")] == [
            200
        ] * 2
        nothing = await client.get("/runs/")
        assert (nothing.status_code, "/api/v1/openapi.json" in nothing.json()["detail"]) == (404, True)


@pytest.mark.parametrize(
    ("kind", "body", "status", "told"),
    [
        ("text/plain", b'{"workflow": "article"}', 415, "send JSON"),
        ("", b'{"workflow": "article"}', 415, "says nothing of its form"),
        ("application/x-www-form-urlencoded", b"workflow=article", 415, "send JSON"),
        ("application/json", b'{"workflow": "\xff"}', 400, "JSON in UTF-8"),
        ("application/json", b"[" * 100_000, 400, "nested"),
        ("application/json", b"{", 400, "no JSON"),
        ("application/json", b"[]", 422, "dictionary or object"),
        ("application/json", b"", 422, "Field required"),
        ("application/merge-patch+json; charset=utf-8", b'{"workflow": "nothing"}', 404, "nothing"),
    ],
)
async def test_a_body_that_cannot_be_read_is_told_what_is_expected(
    serving: Serving, kind: str, body: bytes, status: int, told: str
) -> None:
    async with serving() as client:
        answer = await client.post("/runs", content=body, headers={"content-type": kind} if kind else {})
    assert (answer.status_code, told in answer.json()["detail"]) == (status, True), answer.text


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
