"""Where a process runs: its number says something to those of the same place alone."""

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from podium.store import place as places
from podium.store.place import host_of, is_gone, place, process_birth
from podium.store.sqlite.store import SqliteStore


@pytest.fixture(autouse=True)
def fresh() -> Generator[None]:
    places.place.cache_clear()
    yield
    places.place.cache_clear()


def elsewhere(monkeypatch: pytest.MonkeyPatch, folder: Path, what: str) -> None:
    """Have this process be in another place: in another container, on a host that was booted again, or both unknown."""
    (folder / "pid:[1]").touch()
    link = folder / "namespace"
    link.symlink_to("pid:[4026599999]")
    match what:
        case "container":
            monkeypatch.setattr(places, "_NAMESPACE", link)
        case "boot":
            (folder / "boot").write_text("another boot\n")
            monkeypatch.setattr(places, "_BOOT", folder / "boot")
        case _:
            monkeypatch.setattr(places, "_NAMESPACE", folder / "missing")
    places.place.cache_clear()


@pytest.mark.parametrize("what", ["container", "boot", "unknown"])
def test_a_process_of_the_same_host_name_elsewhere_is_not_taken_for_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    store = SqliteStore(str(tmp_path / "podium.db"))
    store.workers.join("w_here", 1.0)
    elsewhere(monkeypatch, tmp_path, what)
    monkeypatch.setattr(places, "process_birth", "".format)
    store.workers.reap("w_there", {})
    assert not store.workers.is_fenced("w_here")
    store.workers.reap("w_there", {"w_here": 1.0})
    assert [(each.id, each.host) for each in store.workers.lost(0.0)] == [("w_here", host_of(place()))]
    store.close()


def test_what_is_unknown_is_never_the_same_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere(monkeypatch, tmp_path, "unknown")
    first = place()
    places.place.cache_clear()
    assert place() != first


def test_a_process_of_this_place_is_gone_once_it_has_ended() -> None:
    own = process_birth(os.getpid())
    assert not is_gone(place(), os.getpid(), own)
    assert is_gone(place(), os.getpid(), "another that had this number")


def test_a_worker_that_was_entered_by_an_older_version_is_watched_and_not_judged() -> None:
    assert not is_gone(host_of(place()), 2**22 + 1, "7")
