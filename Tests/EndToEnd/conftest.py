"""The built program as its users meet it: real sockets, real TLS, Debian's clients and paho.

Reads SLUICE_BINARY, as `make test` sets it. Nothing here waits by sleeping: a wait is for an event, with an end.
"""

import contextlib
import os
import pathlib
import queue
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

PROJECT = pathlib.Path(__file__).resolve().parents[2]
SHARED = PROJECT.parent / "shared"
PATIENCE_SECONDS = 60


def binary():
    path = os.environ.get("SLUICE_BINARY")
    if not path or not os.access(path, os.X_OK):
        pytest.fail("SLUICE_BINARY must name the built program: run \"make test\"")
    return path


def sluice(*arguments, **options):
    """Runs a command to its end."""
    return subprocess.run(
        [binary(), *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False, **options)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Node:
    """`sluice run` with its log."""

    def __init__(self, folder, configuration, environment=None):
        self.folder = folder
        self.configuration = folder / "sluice.yaml"
        self.configuration.write_text(configuration)
        self.environment = {**os.environ, **(environment or {})}
        self.lines = []
        self.fresh = queue.Queue()
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [binary(), "run", "--config", self.configuration], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env=self.environment)
        self.fresh = queue.Queue()
        threading.Thread(target=self.read, args=(self.process, self.fresh), daemon=True).start()
        self.wait_for("node is ready")
        return self

    def read(self, process, fresh):
        for line in process.stderr:
            self.lines.append(line)
            fresh.put(line)
        fresh.put(None)

    def wait_for(self, *words):
        """The next log line that holds all of `words`."""
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            line = self.fresh.get(timeout=max(0.01, end - time.monotonic()))
            assert line is not None, f"the node ended before it said {words}:\n{''.join(self.lines)}"
            if all(word in line for word in words):
                return line

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE_SECONDS)
        return self.process.returncode if self.process else None

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextlib.contextmanager
def running(folder, configuration, **options):
    node = Node(folder, configuration, **options)
    try:
        yield node.start()
    finally:
        node.stop()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """An authority, a server certificate, two clients, and a client of a foreign authority."""
    folder = tmp_path_factory.mktemp("certs")
    for arguments in (
        ("init", "--dir", folder / "site"), ("issue", "sensor-1", "--dir", folder / "site"),
        ("issue", "sensor-2", "--dir", folder / "site"), ("init", "--dir", folder / "foreign"),
        ("issue", "sensor-1", "--dir", folder / "foreign"),
    ):
        result = sluice("certs", *arguments)
        assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture(scope="session")
def site(certificates, tmp_path_factory):
    """A node with a plain and a TLS listener, shared by tests that leave no trace in it."""
    folder = tmp_path_factory.mktemp("site")
    plain, tls = free_port(), free_port()
    certs = certificates / "site"
    configuration = f"""
node: site
data: {folder}/data
rules: []
listeners:
  - {{ name: local, tcp: "127.0.0.1:{plain}", anonymous: true }}
  - {{ name: devices, tls: "127.0.0.1:{tls}", certificate: {certs}/server.pem, key: {certs}/server.key, client-ca: {certs}/ca.pem }}
access:
  - {{ listener: local, publish: ["#"], subscribe: ["#"] }}
  - {{ identity: "*", publish: ["sensors/{{identity}}/#"], subscribe: ["sensors/{{identity}}/#", "commands/{{identity}}/#"] }}
"""
    with running(folder, configuration) as node:
        node.plain, node.tls, node.certs = plain, tls, certs
        yield node


def tool(name):
    path = shutil.which(name, path="/usr/bin:/usr/sbin:/usr/local/bin")
    if not path:
        pytest.skip(f"{name} is not installed")
    return path
