"""Clients that people use, against `sluice run`: Debian's mosquitto clients and paho, 3.1.1 and 5, plain and mutual TLS."""

import socket
import subprocess
import threading

import paho.mqtt.client as mqtt
import pytest
from conftest import PATIENCE_SECONDS, sluice, tool


def tls_options(site, name, folder=None):
    certs = folder or site.certs
    return ["--cafile", site.certs / "ca.pem", "--cert", certs / f"{name}.pem", "--key", certs / f"{name}.key"]


def endpoint(site, transport):
    if transport == "plain":
        return ["-h", "127.0.0.1", "-p", str(site.plain)]
    return ["-h", "127.0.0.1", "-p", str(site.tls), *map(str, tls_options(site, "sensor-1"))]


@pytest.mark.parametrize("transport", ["plain", "tls"])
@pytest.mark.parametrize("version", ["mqttv311", "mqttv5"])
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_mosquitto_clients(site, transport, version, qos):
    topic = f"sensors/sensor-1/{transport}{version}{qos}"
    subscriber = subprocess.Popen(
        ["stdbuf", "-oL", tool("mosquitto_sub"), *endpoint(site, transport), "-V", version, "-q", str(qos), "-t", topic, "-C", "3",
         "-W", str(PATIENCE_SECONDS), "-d"], stdout=subprocess.PIPE, text=True)
    lines = []
    for line in subscriber.stdout:
        if "SUBACK" in line or line.startswith("Subscribed"):
            break
    for number in range(3):
        subprocess.run(
            [tool("mosquitto_pub"), *endpoint(site, transport), "-V", version, "-q", str(qos), "-t", topic, "-m",
             f"message {number}"], check=True, timeout=PATIENCE_SECONDS)
    lines = [line.strip() for line in subscriber.stdout if line.startswith("message")]
    assert subscriber.wait(PATIENCE_SECONDS) == 0
    assert lines == ["message 0", "message 1", "message 2"]


@pytest.mark.parametrize("transport", ["plain", "tls"])
@pytest.mark.parametrize("protocol", [mqtt.MQTTv311, mqtt.MQTTv5])
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_paho(site, transport, protocol, qos):
    topic = f"sensors/sensor-1/paho{transport}{protocol}{qos}"
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, f"paho-{transport}-{protocol}-{qos}", protocol=protocol)
    if transport == "tls":
        client.tls_set(site.certs / "ca.pem", site.certs / "sensor-1.pem", site.certs / "sensor-1.key")
    received, done, subscribed = [], threading.Event(), threading.Event()

    def on_message(_client, _data, message):
        received.append((message.payload, message.qos))
        if len(received) == 50:
            done.set()

    client.on_message = on_message
    client.on_subscribe = lambda *_: subscribed.set()
    client.connect("127.0.0.1", site.plain if transport == "plain" else site.tls)
    client.loop_start()
    client.subscribe(topic, qos)
    assert subscribed.wait(PATIENCE_SECONDS)
    published = [client.publish(topic, f"{number}", qos) for number in range(50)]
    assert done.wait(PATIENCE_SECONDS)
    for info in published:
        info.wait_for_publish(PATIENCE_SECONDS)
    client.disconnect()
    client.loop_stop()
    assert received == [(f"{number}".encode(), qos) for number in range(50)]


@pytest.mark.parametrize("version", ["311", "5"])
def test_own_clients(site, version):
    topic = f"sensors/sensor-1/own{version}"
    port = ["-h", "127.0.0.1", "-p", site.tls, *tls_options(site, "sensor-1"), "-V", version]
    retained = sluice("pub", *port, "-t", topic, "-m", "kept", "-q", 1, "-r")
    assert retained.returncode == 0, retained.stderr
    result = sluice("sub", *port, "-t", topic, "-C", 1, "-W", PATIENCE_SECONDS, "-v")
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == f"{topic} kept"


def refused(site, *options):
    result = subprocess.run(
        [tool("mosquitto_pub"), "-h", "127.0.0.1", *map(str, options), "-t", "sensors/sensor-1/x", "-m", "x", "-q", "1"],
        capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert result.returncode != 0
    return result


def test_a_client_without_a_certificate_is_refused(site):
    refused(site, "-p", site.tls, "--cafile", site.certs / "ca.pem")
    line = site.wait_for("TLS connection refused")
    assert "listener=devices" in line and "127.0.0.1" in line and "no certificate" in line


def test_a_client_of_a_foreign_authority_is_refused(site, certificates):
    refused(site, "-p", site.tls, *tls_options(site, "sensor-1", certificates / "foreign"))
    line = site.wait_for("TLS connection refused")
    assert "listener=devices" in line and "client authority" in line


def test_a_publish_outside_the_access_rules_is_refused(site):
    for version, code in (("mqttv5", 0), ("mqttv311", 0)):
        subprocess.run(
            [tool("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(site.tls), *map(str, tls_options(site, "sensor-2")),
             "-V", version, "-i", f"intruder-{version}", "-t", "sensors/sensor-1/x", "-m", "x", "-q", "1"],
            capture_output=True, timeout=PATIENCE_SECONDS, check=False)
        line = site.wait_for("publish refused")
        assert "identity=sensor-2" in line and "topic=sensors/sensor-1/x" in line and "rule" in line


def test_a_subscription_outside_the_access_rules_is_refused(site):
    client = subprocess.run(
        [tool("mosquitto_sub"), "-h", "127.0.0.1", "-p", str(site.tls), *map(str, tls_options(site, "sensor-2")), "-t", "#",
         "-W", "2", "-E"], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    line = site.wait_for("subscription refused")
    assert "identity=sensor-2" in line and "filter=#" in line and "rule" in line
    assert client.stdout == ""


def test_a_session_belongs_to_its_identity(site):
    """Another certificate can't take over a session by its client identifier."""
    first = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "shared-name", protocol=mqtt.MQTTv5)
    first.tls_set(site.certs / "ca.pem", site.certs / "sensor-1.pem", site.certs / "sensor-1.key")
    connected = threading.Event()
    first.on_connect = lambda *_: connected.set()
    first.connect("127.0.0.1", site.tls)
    first.loop_start()
    assert connected.wait(PATIENCE_SECONDS)
    result = subprocess.run(
        [tool("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(site.tls), *map(str, tls_options(site, "sensor-2")), "-i",
         "shared-name", "-t", "sensors/sensor-2/x", "-m", "x"], capture_output=True, timeout=PATIENCE_SECONDS, check=False)
    assert result.returncode != 0
    assert "identity=sensor-2" in site.wait_for("CONNECT refused", "shared-name")
    assert first.is_connected()
    first.disconnect()
    first.loop_stop()


def test_garbage_disturbs_nobody(site):
    for data in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", bytes(1000), b"\x10\xff\xff\xff\xff\x7f", b"\x30\xff\xff\xff\x7f"):
        with socket.create_connection(("127.0.0.1", site.plain), PATIENCE_SECONDS) as connection:
            connection.sendall(data)
            connection.settimeout(PATIENCE_SECONDS)
            try:
                assert connection.recv(1000) == b""
            except ConnectionResetError:
                pass
    test_own_clients(site, "5")
