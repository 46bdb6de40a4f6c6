"""docker-compose.yml: it keeps to the part of the specification we use, is pinned and hardened, and holds no secret."""

import copy
import json
import re
from collections.abc import Iterator

import pytest
from jsonschema import Draft202012Validator

from tests.deploy import rules
from tests.deploy.files import ROOT, Node, Part, compose, parts, seconds

VARIABLE = re.compile(r"\$\{(\w+)")
GUIDE = "docs/how-to/deploy-with-compose.md"
ONCE = frozenset({"init", "migrate", "sandbox-setup"})


def against_schema(node: Node) -> Iterator[str]:
    schema = json.loads((ROOT / "tests/deploy/compose.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    for error in Draft202012Validator(schema).iter_errors(node):
        yield f"{error.json_path}: {error.message[:120]}"


def undocumented(compose_text: str, guide: str) -> set[str]:
    return {name for name in VARIABLE.findall(compose_text) if f"`{name}`" not in guide}


def services() -> dict[str, Node]:
    return dict(compose()["services"])


def test_the_file_keeps_to_the_part_of_the_specification_we_use() -> None:
    assert list(against_schema(compose())) == []


def test_every_part_of_the_system_is_there() -> None:
    assert set(services()) == {"postgres", "rabbitmq", "relay", "worker", "console", "sandbox", *ONCE}
    assert services()["worker"]["deploy"]["replicas"] == 3
    assert {name for name, one in services().items() if one.get("profiles")} == {"sandbox", "sandbox-setup"}
    assert {name for name, one in services().items() if one["restart"] == "no"} == {"sandbox", *ONCE}


def test_every_image_is_pinned() -> None:
    images = {name: one["image"] for name, one in services().items()}
    assert list(rules.loose_images(images)) == []


def test_every_service_has_no_more_than_it_needs() -> None:
    assert [found for name, one in services().items() for found in rules.soft_services(name, one)] == []


def test_no_secret_stands_in_the_file() -> None:
    found = [rules.open_secrets(name, one, one.get("environment", {})) for name, one in services().items()]
    assert [one for each in found for one in each] == []


def test_everything_that_is_named_is_declared_and_used() -> None:
    assert list(rules.lost_references(compose())) == []


def test_only_the_first_two_touch_the_tables_and_everything_waits_for_them() -> None:
    waiting = {name: one.get("depends_on", {}) for name, one in services().items()}
    assert waiting["migrate"] == {"init": {"condition": "service_completed_successfully"}}
    for name in ("relay", "worker", "console", "sandbox-setup"):
        assert waiting[name]["migrate"] == {"condition": "service_completed_successfully"}


def test_a_part_has_time_to_end_what_is_under_way() -> None:
    for part in parts():
        place, _, name = part.place.partition(" ")
        if place == "docker-compose.yml" and part.option("--grace"):
            assert list(rules.short_graces(part, seconds(services()[name]["stop_grace_period"]))) == []


def test_the_health_check_asks_the_port_that_is_served() -> None:
    for name in ("relay", "worker", "console"):
        port = services()[name]["command"][services()[name]["command"].index("--health-port") + 1]
        assert f"http://127.0.0.1:{port}/ready" in " ".join(services()[name]["healthcheck"]["test"])


def test_a_commit_of_the_store_is_on_the_disk_and_its_pages_carry_checksums() -> None:
    postgres = services()["postgres"]
    assert {"synchronous_commit=on", "fsync=on", "full_page_writes=on"} <= set(postgres["command"])
    assert "--data-checksums" in postgres["environment"]["POSTGRES_INITDB_ARGS"]


def test_store_and_broker_have_no_way_out() -> None:
    assert compose()["networks"]["back"] == {"internal": True}
    assert services()["postgres"]["networks"] == ["back"]
    assert "out" not in services()["rabbitmq"]["networks"]


def test_every_variable_is_explained_in_the_guide() -> None:
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    assert undocumented(text, (ROOT / GUIDE).read_text("utf-8")) == set()
    assert undocumented("image: ${TIEOUT_IMAGE:-x}", "it says nothing") == {"TIEOUT_IMAGE"}


@pytest.mark.parametrize(
    ("service", "key", "value"),
    [
        ("worker", "comand", ["worker"]),
        ("worker", "restart", "allways"),
        ("worker", "stop_grace_period", "120"),
        ("worker", "depends_on", {"migrate": {"condition": "service_ended"}}),
        ("worker", "healthcheck", {"test": ["CMD", "true"], "intervall": "5s"}),
        ("postgres", "environment", {"POSTGRES_DB": 1}),
        ("postgres", "volumes", ["./data:/var/lib/postgresql/data"]),
        ("postgres", "deploy", {"resources": {"limits": {"memory": "much"}}}),
    ],
)
def test_a_slip_of_the_pen_is_noticed(service: str, key: str, value: object) -> None:
    broken = copy.deepcopy(compose())
    broken["services"][service][key] = value
    assert list(against_schema(broken))


def test_a_secret_with_a_default_is_noticed() -> None:
    broken = copy.deepcopy(compose())
    broken["secrets"]["keys"]["file"] = "${TIEOUT_SECRETS:-./secrets}/keys"
    assert list(against_schema(broken))


@pytest.mark.parametrize("image", ["rabbitmq", "rabbitmq:latest", "rabbitmq:4", "postgres:17.6", "${X:-tieout}"])
def test_a_loose_image_is_noticed(image: str) -> None:
    assert list(rules.loose_images({"a": image}))


@pytest.mark.parametrize(
    "environment",
    [
        {"POSTGRES_PASSWORD": "word"},
        {"TIEOUT_KEYS": "k:AAAA"},
        {"TIEOUT_STORE_URL": "postgresql://store/tieout"},
        {"TIEOUT_AVID_USER_TOKEN_FILE": "word"},
        {"PLAIN": "amqp://guest:guest@rabbitmq:5672/"},
    ],
)
def test_a_secret_in_the_file_is_noticed(environment: dict[str, str]) -> None:
    assert list(rules.open_secrets("a", {"environment": environment}, environment))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("user", "root"),
        ("read_only", False),
        ("cap_drop", []),
        ("security_opt", []),
        ("deploy", {}),
        ("ports", ["8321:8321"]),
        ("healthcheck", None),
    ],
)
def test_a_soft_service_is_noticed(key: str, value: object) -> None:
    broken = {name: one for name, one in {**services()["worker"], key: value}.items() if one is not None}
    assert list(rules.soft_services("worker", broken))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("secrets", ["keys", "lost"]),
        ("networks", ["backk"]),
        ("depends_on", {"lost": {"condition": "service_healthy"}}),
        ("depends_on", {"init": {"condition": "service_healthy"}}),
        ("depends_on", {"relay": {"condition": "service_completed_successfully"}}),
        ("depends_on", {"sandbox": {"condition": "service_healthy"}}),
    ],
)
def test_a_lost_reference_is_noticed(key: str, value: object) -> None:
    broken = copy.deepcopy(compose())
    broken["services"]["worker"][key] = value
    assert list(rules.lost_references(broken))


def test_a_volume_nobody_uses_is_noticed() -> None:
    assert list(rules.lost_references({**compose(), "volumes": {**compose()["volumes"], "spare": None}}))


def test_a_grace_that_is_cut_short_is_noticed() -> None:
    assert list(rules.short_graces(Part("a", ("worker", "--grace", "90"), {}), 90))
    assert not list(rules.short_graces(Part("a", ("worker", "--grace", "90"), {}), 120))
