"""docker/ without a Docker engine: the linter, and what a container does, on this machine.

Reads SLUICE_BINARY, as `make test` sets it.
"""

import os
import pathlib
import re
import select
import shutil
import subprocess
import time

import pytest

PROJECT = pathlib.Path(__file__).resolve().parents[2]
DOCKER = PROJECT / "docker"
START_SECONDS = 30


def lint(folder):
    return subprocess.run(
        [PROJECT / "scripts/lint-docker", folder], capture_output=True, text=True, check=False)


def test_what_is_committed_is_right():
    result = lint("docker")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("file, found, instead, complaint", [
    ("Dockerfile", "USER 10001:10001", "USER root", "runs as root"),
    ("Dockerfile", "USER 10001:10001\n", "", "no USER"),
    ("Dockerfile", "debian:bookworm-slim", "debian", "no tag"),
    ("Dockerfile", "debian:bookworm-slim", "debian:latest", "moves"),
    ("Dockerfile", 'VOLUME ["/data", "/certs"]', 'VOLUME ["/certs"]', "no VOLUME"),
    ("Dockerfile", "HEALTHCHECK", "# HEALTHCHECK", "no HEALTHCHECK"),
    ("Dockerfile", 'ENTRYPOINT ["entrypoint.sh"]', "ENTRYPOINT entrypoint.sh", "not a list"),
    ("Dockerfile", "COPY rules /etc/sluice/rules", "COPY certs/ca.key /certs/", "no key or certificate"),
    ("Dockerfile", "COPY rules /etc/sluice/rules", "COPY nothing /etc/sluice/rules", "does not exist"),
    ("compose.yaml", "read_only: true", "privileged: true", "rights"),
    ("compose.yaml", "  gateway-data:\n", "", "not declared"),
    ("compose.yaml", "services:", "services: [", "syntax error"),
    ("entrypoint.sh", "esac", "", "syntax error"),
])
def test_each_check_can_fail(tmp_path, file, found, instead, complaint):
    folder = tmp_path / "docker"
    shutil.copytree(DOCKER, folder)
    text = (folder / file).read_text()
    assert found in text
    (folder / file).write_text(text.replace(found, instead))
    result = lint(folder)
    assert result.returncode != 0
    assert complaint in result.stdout + result.stderr


@pytest.fixture
def surroundings(tmp_path):
    """The environment of a container: `sluice` on the path, certificates and data of its own."""
    binary = os.environ.get("SLUICE_BINARY")
    if not binary:
        pytest.skip("SLUICE_BINARY is not set: run `make test`")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sluice").symlink_to(pathlib.Path(binary).resolve())
    certificates = tmp_path / "certs"
    return dict(
        os.environ,
        PATH=f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        CERTIFICATES=str(certificates),
        CONFIG=str(DOCKER / "sluice.yaml"),
        SLUICE_DATA=str(tmp_path / "data"),
        SLUICE_RULES=str(PROJECT / "rules"),
        SLUICE_LISTENERS_0_TCP="127.0.0.1:0",
        SLUICE_LISTENERS_1_TLS="127.0.0.1:0",
        SLUICE_LISTENERS_1_CERTIFICATE=str(certificates / "server.pem"),
        SLUICE_LISTENERS_1_KEY=str(certificates / "server.key"),
        SLUICE_LISTENERS_1_CLIENT_CA=str(certificates / "ca.pem"),
    )


def entry(surroundings, *arguments, **more):
    return subprocess.run(
        [DOCKER / "entrypoint.sh", *arguments], env=dict(surroundings, **more), capture_output=True, text=True,
        timeout=START_SECONDS, check=False)


def run_until_listening(surroundings):
    """A running node and the ports of its listeners by name, as its log names them."""
    node = subprocess.Popen(
        [DOCKER / "entrypoint.sh", "run"], env=surroundings, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    log, ports = b"", {}
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and node.poll() is None:
        if not select.select([node.stderr], [], [], 0.2)[0]:
            continue
        log += os.read(node.stderr.fileno(), 65_536)
        text = log.decode(errors="replace")
        for line in text.splitlines():
            listener, port = re.search(r"listener=(\w+)", line), re.search(r"port=(\d+)", line)
            if listener and port:
                ports[listener[1]] = int(port[1])
        if "node is ready" in text and {"local", "devices"} <= ports.keys():
            return node, ports
    node.kill()
    raise AssertionError("the node does not listen:\n" + log.decode(errors="replace"))


def test_certificates_are_made_once(surroundings, tmp_path):
    made = entry(surroundings, "authority", CLOUD_HOSTS="cloud", SENSORS="press-1 press-2")
    assert made.returncode == 0, made.stderr
    names = {"ca", "server", "cloud", "gateway", "press-1", "press-2"}
    files = {file.name: file.read_bytes() for file in (tmp_path / "certs").iterdir()}
    assert {f"{name}.{kind}" for name in names for kind in ("pem", "key")} <= files.keys()
    again = entry(surroundings, "authority", CLOUD_HOSTS="cloud", SENSORS="press-1 press-2")
    assert again.returncode == 0 and again.stdout == ""
    assert files == {file.name: file.read_bytes() for file in (tmp_path / "certs").iterdir()}


def test_first_start_makes_certificates_and_a_healthy_node(surroundings):
    node, ports = run_until_listening(surroundings)
    try:
        healthy = entry(surroundings, "health", HEALTH_PORT=str(ports["local"]))
        assert healthy.returncode == 0, healthy.stderr
    finally:
        node.terminate()
        node.stderr.close()
        assert node.wait(START_SECONDS) == 0
    assert entry(surroundings, "health", HEALTH_PORT=str(ports["local"])).returncode != 0


def test_sensors_publish_with_their_certificates(surroundings, tmp_path):
    assert entry(surroundings, "authority", SENSORS="press-1").returncode == 0
    node, ports = run_until_listening(surroundings)
    sensors = subprocess.Popen(
        [DOCKER / "entrypoint.sh", "sensors"], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        env=dict(surroundings, SENSORS="press-1", GATEWAY=f"localhost:{ports['devices']}"))
    try:
        heard = subprocess.run(
            ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(ports["local"]), "-t", "sensors/press-1/reading", "-C", "1",
             "-W", str(START_SECONDS)], capture_output=True, text=True, check=False)
        assert heard.returncode == 0 and "value" in heard.stdout
    finally:
        for process in (sensors, node):
            process.terminate()
            process.wait(START_SECONDS)
        node.stderr.close()


def test_other_words_go_to_the_program(surroundings):
    assert entry(surroundings, "check", str(PROJECT / "rules")).returncode == 0
    assert entry(surroundings, "no-such-command").returncode == 2


def test_stand_in_cloud_has_a_configuration_that_fits(surroundings, tmp_path):
    assert entry(surroundings, "authority", CLOUD_HOSTS="localhost").returncode == 0
    cloud = dict(surroundings, CONFIG=str(DOCKER / "cloud.yaml"), SLUICE_LISTENERS_1_NAME="devices")
    del cloud["SLUICE_RULES"]
    for key in ("CERTIFICATE", "KEY"):
        name = f"SLUICE_LISTENERS_1_{key}"
        cloud[name] = cloud[name].replace("server.", "cloud.")
    node, _ = run_until_listening(cloud)
    node.terminate()
    node.stderr.close()
    assert node.wait(START_SECONDS) == 0
