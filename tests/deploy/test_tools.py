"""The files in deploy/ are taken by the tools that they are made for, which refuse what is wrong."""

import copy
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.deploy import manifests
from tests.deploy.checks_of_tools import DEPLOY, ROOT, Refused, checked, wrong_in

pytestmark = pytest.mark.system

PAGE = ROOT / "docs" / "how-to" / "deploy.md"
OVERLAY = re.compile(r"^```yaml\n(# my-overlay/.*?)^```$", re.MULTILINE | re.DOTALL)
DOCKERFILE = DEPLOY / "Dockerfile"
KINDS = ["ServiceAccount", "ConfigMap", "Deployment", "PodDisruptionBudget", "NetworkPolicy"]
KEDA_KINDS = ["ScaledObject", "TriggerAuthentication"]


def test_buildkit_finds_nothing_wrong_with_the_dockerfile() -> None:
    found = checked("dockerfile", DOCKERFILE, ROOT)
    assert (found["warnings"], found["error"]) == (None, None)


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        ('ENTRYPOINT ["podium"]', "ENTRYPOINT podium", "JSONArgsRecommended"),
        ("FROM scratch AS app", "FROM scratch as app", "FromAsCasing"),
        ("PYTHONUNBUFFERED=1", "PYTHONUNBUFFERED=1 DB_PASSWORD=1", "SecretsUsedInArgOrEnv"),
    ],
)
def test_buildkit_warns_of_what_it_advises_against(before: str, after: str, rule: str, tmp_path: Path) -> None:
    text = DOCKERFILE.read_text(encoding="utf-8")
    assert before in text
    file = tmp_path / "Dockerfile"
    file.write_text(text.replace(before, after), encoding="utf-8")
    file.with_name("Dockerfile.dockerignore").write_text("*\n", encoding="utf-8")
    found = checked("dockerfile", file, tmp_path)
    assert [each["ruleName"] for each in found["warnings"]] == [rule]


def test_an_image_runs_a_worker_as_a_user_without_rights_that_is_stopped_by_sigterm() -> None:
    image = checked("dockerfile", DOCKERFILE, ROOT)["image"]
    assert image["User"] == "10001:10001"
    assert [*image["Entrypoint"], *image["Cmd"]] == ["podium", "work", "desk.py", "--forever", "--alive", "/tmp/alive"]
    assert (image["StopSignal"], image["WorkingDir"]) == ("SIGTERM", "/app")
    assert "PYTHONUNBUFFERED=1" in image["Env"]
    assert "PATH=/opt/podium/bin:/usr/local/bin:/usr/bin:/bin" in image["Env"]
    assert image["Healthcheck"]["Test"][:2] == ["CMD", "sh"]


def test_a_build_is_sent_what_it_copies_and_nothing_else() -> None:
    found = checked("dockerfile", DOCKERFILE, ROOT)
    copied: list[str] = found["copied"]
    unused = [name for name in found["sent"] if not any(name == each or name.startswith(f"{each}/") for each in copied)]
    assert unused == []
    for each in copied:
        assert any(name == each or name.startswith(f"{each}/") for name in found["sent"]), each
    assert [name for name in found["sent"] if "__pycache__" in name or name.endswith(".db")] == []
    assert {"src/podium/py.typed", "examples/support_desk/desk.py"} <= set(found["sent"])


def test_compose_takes_its_file() -> None:
    project = checked("compose", DEPLOY / "compose.yaml", env={"PODIUM_PASSWORD": "open sesame"})
    worker, postgres = project["services"]["worker"], project["services"]["postgres"]
    assert worker["deploy"]["replicas"] == 3
    assert worker["depends_on"]["postgres"]["condition"] == "service_healthy"
    assert worker["environment"]["PGPASSWORD"] == postgres["environment"]["POSTGRES_PASSWORD"] == "open sesame"
    assert postgres["healthcheck"]["test"][:2] == ["CMD", "pg_isready"]
    assert (Path(worker["build"]["context"]), worker["build"]["dockerfile"]) == (ROOT, "deploy/Dockerfile")
    assert Path(worker["build"]["additional_contexts"]["app"]) == ROOT / "examples" / "support_desk"


def test_compose_asks_for_a_password() -> None:
    with pytest.raises(Refused, match="PODIUM_PASSWORD is missing a value: set it to a password for PostgreSQL"):
        checked("compose", DEPLOY / "compose.yaml", env={"PODIUM_PASSWORD": ""})


def test_compose_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    file.write_text(text.replace("stop_grace_period: 40s", "stop_grace: 40s"), encoding="utf-8")
    with pytest.raises(Refused, match="stop_grace"):
        checked("compose", file, env={"PODIUM_PASSWORD": "x"})


def built(folder: str) -> list[dict[str, Any]]:
    return checked("kustomize", DEPLOY / "kubernetes" / folder)


@pytest.mark.parametrize(("folder", "kinds"), [("worker", KINDS), ("keda", [*KINDS, *KEDA_KINDS])])
def test_kubernetes_and_keda_know_all_that_is_applied(folder: str, kinds: list[str], tmp_path: Path) -> None:
    objects = built(folder)
    assert sorted(each["kind"] for each in objects) == sorted(kinds)
    assert wrong_in(objects, tmp_path) == []


def test_other_settings_roll_out_new_pods() -> None:
    objects = {each["kind"]: each for each in built("worker")}
    (container,) = objects["Deployment"]["spec"]["template"]["spec"]["containers"]
    name = container["envFrom"][0]["configMapRef"]["name"]
    assert name == objects["ConfigMap"]["metadata"]["name"]
    assert name.startswith("podium-settings-")
    assert container["image"] == "podium-desk:1"


def test_an_overlay_as_the_page_shows_it_takes_another_image_and_store(tmp_path: Path) -> None:
    (overlay,) = OVERLAY.findall(PAGE.read_text(encoding="utf-8"))
    shutil.copytree(DEPLOY, tmp_path / "deploy")
    (tmp_path / "my-overlay").mkdir()
    (tmp_path / "my-overlay" / "kustomization.yaml").write_text(overlay, encoding="utf-8")
    objects = {each["kind"]: each for each in checked("kustomize", tmp_path / "my-overlay")}
    (container,) = objects["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "registry.example.org/desk:1"
    assert container["envFrom"][0]["configMapRef"]["name"] == objects["ConfigMap"]["metadata"]["name"]
    settings = {
        **manifests.settings(),
        "PODIUM_STORE": "postgresql://desk@db.example.org:5432/desk?sslmode=verify-full",
    }
    assert objects["ConfigMap"]["data"] == settings
    assert wrong_in(list(objects.values()), tmp_path) == []


def test_how_many_workers_there_are_is_left_to_keda() -> None:
    counts = {
        folder: next(each for each in built(folder) if each["kind"] == "Deployment")["spec"].get("replicas")
        for folder in ("worker", "keda")
    }
    assert counts == {"worker": 3, "keda": None}


def _misspell(objects: dict[str, Any]) -> None:
    probe = objects["Deployment"]["spec"]["template"]["spec"]["containers"][0]["readinessProbe"]
    probe["periodSecond"] = probe.pop("periodSeconds")


def _as_text(objects: dict[str, Any]) -> None:
    objects["Deployment"]["spec"]["template"]["spec"]["securityContext"]["runAsUser"] = "podium"


def _none(objects: dict[str, Any]) -> None:
    del objects["ScaledObject"]["spec"]["scaleTargetRef"]


def _unknown(objects: dict[str, Any]) -> None:
    objects["ScaledObject"]["spec"]["maxReplicas"] = objects["ScaledObject"]["spec"].pop("maxReplicaCount")


def _elsewhere(objects: dict[str, Any]) -> None:
    objects["PodDisruptionBudget"]["spec"]["podSelector"] = objects["PodDisruptionBudget"]["spec"].pop("selector")


@pytest.mark.parametrize(
    ("break_it", "told"),
    [
        (_misspell, "periodSecond"), (_as_text, "runAsUser"), (_none, "scaleTargetRef"), (_unknown, "maxReplicas"),
        (_elsewhere, "podSelector"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_found(break_it: Callable[[dict[str, Any]], None], told: str, tmp_path: Path) -> None:
    objects = copy.deepcopy({each["kind"]: each for each in built("keda")})
    break_it(objects)
    (wrong,) = wrong_in(list(objects.values()), tmp_path)
    assert told in wrong


def test_a_mistake_of_whoever_checks_is_told() -> None:
    with pytest.raises(Refused, match="expected one of"):
        checked("dockerfile", DOCKERFILE)
