"""What schemas do not say of the files in deploy/: that they fit one another, and what Podium does."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from psycopg.conninfo import conninfo_to_dict

from podium.config import Config, load_config
from podium.store.postgres.address import parsed
from tests.deploy import manifests
from tests.deploy.checks_of_tools import ROOT

SECRET = re.compile(r"(?i)password|secret|token")
PROBE = ["sh", "-c", "test -n \"$(find /tmp/alive -newermt '-30 seconds')\""]
STOPPED_AFTER = 5
"""Seconds that what is cut has to unwind, and then again the process to end."""
OPERATORS_PAGE = ROOT / "docs" / "how-to" / "deploy.md"


def worker_of_compose() -> dict[str, Any]:
    return manifests.compose()["services"]["worker"]


def settings_in(environment: dict[str, Any]) -> Config:
    return load_config(Path("/"), environment={name: str(value) for name, value in environment.items()})


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


def unknown_settings(environment: dict[str, Any]) -> list[str]:
    known = {f"PODIUM_{name.upper()}" for name in Config.__dataclass_fields__}
    return [name for name in environment if name.startswith("PODIUM_") and name not in known]


def test_every_setting_is_one_that_podium_has() -> None:
    assert unknown_settings(manifests.settings()) == []
    assert unknown_settings(worker_of_compose()["environment"]) == []
    assert unknown_settings({"PODIUM_STORES": ""}) == ["PODIUM_STORES"]


def test_nothing_is_killed_while_a_worker_may_let_things_end() -> None:
    handing_back = 2 * STOPPED_AFTER
    given = manifests.pod()["terminationGracePeriodSeconds"]
    assert given > settings_in(manifests.settings()).grace + handing_back
    compose = worker_of_compose()
    assert seconds(compose["stop_grace_period"]) > settings_in(compose["environment"]).grace + handing_back


def test_whoever_selects_the_workers_selects_what_the_deployment_makes() -> None:
    deployment = manifests.the("Deployment")["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    selectors = [
        deployment["selector"],
        manifests.the("PodDisruptionBudget")["spec"]["selector"],
        manifests.the("NetworkPolicy")["spec"]["podSelector"],
        *(each["labelSelector"] for each in manifests.pod()["topologySpreadConstraints"]),
    ]
    assert labels
    assert [each["matchLabels"] for each in selectors] == [labels] * len(selectors)


def test_a_budget_of_disruptions_lets_the_node_of_the_last_worker_be_emptied() -> None:
    budget = manifests.the("PodDisruptionBudget")["spec"]
    assert (budget["maxUnavailable"], "minAvailable" in budget) == (1, False)


def test_no_secret_stands_in_a_file() -> None:
    plain = [
        (path.name, name)
        for path in manifests.yaml_files()
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))
        for name, value in manifests.everything_in(document)
        if SECRET.search(name) and isinstance(value, str) and not value.startswith("${PODIUM_PASSWORD:?")
    ]
    assert plain == []
    assert [each["name"] for each in manifests.container()["env"] if "value" in each] == []


def test_the_address_of_a_store_has_no_password() -> None:
    for address in (manifests.settings()["PODIUM_STORE"], worker_of_compose()["environment"]["PODIUM_STORE"]):
        assert "password" not in conninfo_to_dict(parsed(address).server)


def test_every_secret_that_is_referred_to_is_made_on_the_page() -> None:
    page = OPERATORS_PAGE.read_text(encoding="utf-8")
    used = {manifests.container()["env"][0]["valueFrom"]["secretKeyRef"]["name"]}
    used |= {each["name"] for each in manifests.the("TriggerAuthentication")["spec"]["secretTargetRef"]}
    assert used == set(re.findall(r"kubectl create secret generic (\S+) --from-literal=password=", page))


def test_the_image_runs_as_the_user_that_the_pods_demand() -> None:
    security = manifests.pod()["securityContext"]
    assert security["runAsNonRoot"] is True
    assert manifests.instruction("USER") == f"{security['runAsUser']}:{security['runAsGroup']}"
    assert f"--uid {security['runAsUser']} " in manifests.text_of("Dockerfile")
    assert f"--gid {security['runAsGroup']} " in manifests.text_of("Dockerfile")


def test_a_worker_may_change_nothing_but_its_scratch_folder() -> None:
    security = manifests.container()["securityContext"]
    assert security == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert [each["mountPath"] for each in manifests.container()["volumeMounts"]] == ["/tmp"]
    assert manifests.pod()["automountServiceAccountToken"] is False
    compose = worker_of_compose()
    assert (compose["read_only"], compose["tmpfs"], compose["cap_drop"]) == (True, ["/tmp"], ["ALL"])


def test_a_file_is_looked_at_that_the_worker_is_told_to_touch() -> None:
    arguments = manifests.container()["args"]
    assert json.loads(manifests.instruction("CMD")) == arguments
    assert arguments[arguments.index("--alive") + 1] == "/tmp/alive"
    probes = [manifests.container()[f"{each}Probe"]["exec"]["command"] for each in ("readiness", "liveness")]
    checked = json.loads(re.findall(r"CMD (\[\"sh.*\])", manifests.text_of("Dockerfile"))[0])
    assert [*probes, checked] == [PROBE] * 3
    assert manifests.container()["startupProbe"]["exec"]["command"] == ["test", "-e", "/tmp/alive"]


def test_a_worker_that_beats_is_never_taken_for_one_that_hangs() -> None:
    assert Config().lease < 30  # in which it beats four times, and after which the probes give up
    liveness, readiness = manifests.container()["livenessProbe"], manifests.container()["readinessProbe"]
    assert liveness["periodSeconds"] * liveness["failureThreshold"] >= 4 * readiness["periodSeconds"]


def test_autoscaling_asks_the_database_of_the_workers() -> None:
    known = conninfo_to_dict(parsed(manifests.settings()["PODIUM_STORE"]).server)
    schema = parsed(manifests.settings()["PODIUM_STORE"]).schema
    triggers = manifests.the("ScaledObject")["spec"]["triggers"]
    assert [each["type"] for each in triggers] == ["postgresql", "postgresql"]
    for each in triggers:
        asked = each["metadata"]
        assert (asked["host"], asked["port"], asked["dbName"]) == (known["host"], known["port"], known["dbname"])
        assert f"FROM {schema}.queues" in asked["query"]
        assert asked["userName"] != known["user"]
        assert each["authenticationRef"]["name"] == manifests.the("TriggerAuthentication")["metadata"]["name"]


def test_autoscaling_leaves_room_in_each_worker() -> None:
    load = next(each for each in manifests.the("ScaledObject")["spec"]["triggers"] if each["name"] == "load")
    assert int(load["metadata"]["targetQueryValue"]) < settings_in(manifests.settings()).slots


def test_autoscaling_scales_the_workers_and_never_to_none() -> None:
    scaled = manifests.the("ScaledObject")["spec"]
    assert scaled["scaleTargetRef"]["name"] == manifests.the("Deployment")["metadata"]["name"]
    assert 1 <= scaled["minReplicaCount"] < scaled["maxReplicaCount"]


def test_the_network_lets_through_what_a_worker_asks() -> None:
    ports = {each["port"] for rule in manifests.the("NetworkPolicy")["spec"]["egress"] for each in rule["ports"]}
    port = conninfo_to_dict(parsed(manifests.settings()["PODIUM_STORE"]).server)["port"]
    assert {53, int(str(port))} <= ports
    assert manifests.the("NetworkPolicy")["spec"]["ingress"] == []


def test_the_image_has_what_a_store_on_postgresql_needs() -> None:
    extras = re.findall(r"^ARG EXTRAS=(.+)$", manifests.text_of("Dockerfile"), re.MULTILINE)
    assert "postgres" in extras[0].split(",")


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml"])
def test_every_base_is_pinned_by_a_tag(name: str) -> None:
    text = manifests.text_of(name)
    bases = re.findall(r"^ARG PYTHON=(.+)$|^ +image: (?!podium-desk)(.+)$", text, re.MULTILINE)
    tags = ["".join(each).rpartition(":")[2] for each in bases]
    assert tags
    assert [each for each in tags if not re.match(r"\d", each)] == []
