"""The demo against Debian's mosquitto with mutual TLS in the cloud's place, and on a recorded series."""

import json
import subprocess
import threading

import pytest
from conftest import SHARED, binary, free_port, sluice, tool

SECONDS = 150


def demo(*arguments):
    result = subprocess.run(
        [binary(), "demo", "--format", "json", *map(str, arguments)], capture_output=True, text=True, timeout=SECONDS,
        check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    summary = json.loads(result.stdout.strip().splitlines()[-1])
    assert (summary["lost"], summary["duplicated"], summary["out_of_order"]) == (0, 0, 0)
    assert summary["incidents_reported"] == summary["incidents_provoked"] == 3
    assert summary["saved_percent"] >= 95
    assert summary["restarts"] == 1 and summary["outage_seconds"] > 0 and summary["cloud_received"] > 0
    return summary


def test_mosquitto_as_the_cloud(tmp_path):
    certs = tmp_path / "certs"
    assert sluice("certs", "init", "--dir", certs).returncode == 0
    assert sluice("certs", "issue", "bridge", "--dir", certs).returncode == 0
    port = free_port()
    configuration = tmp_path / "cloud.conf"
    configuration.write_text(
        f"listener {port} 127.0.0.1\ncafile {certs}/ca.pem\ncertfile {certs}/server.pem\nkeyfile {certs}/server.key\n"
        "require_certificate true\nuse_identity_as_username true\nallow_anonymous true\nuser root\n")
    broker = subprocess.Popen([tool("mosquitto"), "-c", configuration], stderr=subprocess.PIPE, text=True)
    try:
        for line in broker.stderr:
            if "running" in line:
                break
        threading.Thread(target=broker.stderr.read, daemon=True).start()
        demo("--cloud", f"mqtts://localhost:{port}", "--cloud-ca", certs / "ca.pem", "--cloud-cert", certs / "bridge.pem",
             "--cloud-key", certs / "bridge.key")
    finally:
        broker.terminate()
        broker.wait()


def test_a_recorded_series():
    series = SHARED / "data/nab/machine_temperature_system_failure.csv"
    if not series.exists():
        pytest.skip("the recorded series are not beside the checkout")
    assert demo("--csv", series)["published"] > 20_000
