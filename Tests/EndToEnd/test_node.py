"""The node as a whole: rules, bridge, reload, restart, and everything that can be wrong around it."""

import json
import os
import subprocess
import threading

import paho.mqtt.client as mqtt
import pytest
from conftest import PATIENCE_SECONDS, PROJECT, SHARED, Node, free_port, running, sluice, tool

RULE = """
rule high {
  from "sensors/{sensor}/reading"
  where .value > LIMIT
  publish "cloud/high/{sensor}" qos 1 { sensor, value: .value }
}
"""


def configuration(folder, port, extra=""):
    return f"""
node: test
data: {folder}/data
rules: {folder}/rules
listeners: [ {{ name: local, tcp: "127.0.0.1:{port}", anonymous: true }} ]
access: [ {{ listener: local, publish: ["#"], subscribe: ["#", "$sluice/#"] }} ]
{extra}
"""


def write_rule(folder, limit):
    (folder / "rules").mkdir(exist_ok=True)
    (folder / "rules/high.rules").write_text(RULE.replace("LIMIT", str(limit)))


class Listener:
    def __init__(self, port, topic):
        self.messages, self.came = [], threading.Condition()
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        subscribed = threading.Event()
        self.client.on_subscribe = lambda *_: subscribed.set()
        self.client.on_message = self.received
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        self.client.subscribe(topic, qos=1)
        assert subscribed.wait(PATIENCE_SECONDS)

    def received(self, _client, _data, message):
        with self.came:
            self.messages.append(message)
            self.came.notify_all()

    def wait(self, count):
        with self.came:
            assert self.came.wait_for(lambda: len(self.messages) >= count, PATIENCE_SECONDS), self.messages
            return self.messages[:count]

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


def publish(port, topic, payload, *options):
    subprocess.run(
        [tool("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(port), "-q", "1", "-t", topic, "-m", payload, *options],
        check=True, timeout=PATIENCE_SECONDS)


def test_a_rule_publishes_and_a_saved_file_reloads_it(tmp_path):
    write_rule(tmp_path, 10)
    port = free_port()
    with running(tmp_path, configuration(tmp_path, port)) as node:
        listener = Listener(port, "cloud/#")
        publish(port, "sensors/a/reading", '{"value": 11}')
        assert json.loads(listener.wait(1)[0].payload) == {"sensor": "a", "value": 11}
        write_rule(tmp_path, 20)
        node.wait_for("rules reloaded")
        changed = Listener(port, "$sluice/rules/status")
        report = json.loads(changed.wait(1)[0].payload)
        changed.close()
        assert report == {"state": "running", "added": [], "removed": [], "kept": [], "lost": ["high"]}
        publish(port, "sensors/a/reading", '{"value": 15}')
        publish(port, "sensors/a/reading", '{"value": 25}')
        assert json.loads(listener.wait(2)[1].payload)["value"] == 25
        (tmp_path / "rules/high.rules").write_text("rule broken {")
        node.wait_for("the rules were not reloaded")
        publish(port, "sensors/a/reading", '{"value": 26}')
        assert json.loads(listener.wait(3)[2].payload)["value"] == 26
        status = Listener(port, "$sluice/rules/status")
        assert json.loads(status.wait(1)[0].payload)["state"] == "refused"
        for one in (listener, status):
            one.close()
    assert node.process.returncode == 0


def test_what_each_rule_did_is_told(tmp_path):
    write_rule(tmp_path, 10)
    port = free_port()
    with running(tmp_path, configuration(tmp_path, port)):
        listener = Listener(port, "$sluice/rules/+/stats")
        for value in (5, 15, 25):
            publish(port, "sensors/a/reading", json.dumps({"value": value}))
        publish(port, "sensors/a/reading", "no JSON")
        seen, stats = 0, {"decode_errors": 0}
        while stats["decode_errors"] == 0:
            seen += 1
            message = listener.wait(seen)[-1]
            stats = json.loads(message.payload)
        assert message.topic == "$sluice/rules/high/stats" and stats["rule"] == "high"
        assert [(step["step"], step["count"]) for step in stats["steps"]] == [("from", 3), ("where", 2), ("published", 2)]
        assert stats["hints"] == ["payloads that could not be decoded: 1"]
        listener.close()


def test_a_bridge_carries_what_its_routes_name_through_an_outage(tmp_path):
    cloud_port, port = free_port(), free_port()
    cloud_configuration = tmp_path / "cloud.conf"
    cloud_configuration.write_text(f"listener {cloud_port} 127.0.0.1\nallow_anonymous true\n")
    write_rule(tmp_path, 10)
    bridge = f"""
bridges:
  - name: cloud
    url: mqtt://127.0.0.1:{cloud_port}
    routes: [ {{ from: "cloud/#", to: "{{node}}/{{rest}}", qos: 1 }} ]
"""
    with running(tmp_path, configuration(tmp_path, port, bridge)) as node:
        for number in range(5):
            publish(port, "sensors/a/reading", json.dumps({"value": 100 + number}))
        node.kill()
        node.start()
        cloud = subprocess.Popen([tool("mosquitto"), "-c", cloud_configuration], stderr=subprocess.PIPE, text=True)
        try:
            for line in cloud.stderr:
                if "running" in line or "Opening ipv4" in line:
                    break
            threading.Thread(target=cloud.stderr.read, daemon=True).start()
            listener = Listener(cloud_port, "test/#")
            publish(port, "sensors/a/reading", json.dumps({"value": 105}))
            # What went up before the listener was there is not its business; the rest is in order and numbered.
            values = []
            while not values or values[-1] != 105:
                message = listener.wait(len(values) + 1)[-1]
                values.append(json.loads(message.payload)["value"])
            assert values == list(range(106 - len(values), 106))
            properties = dict(message.properties.UserProperty)
            assert message.topic == "test/high/a"
            assert properties["x-seq"] == "6" and properties["x-mid"].startswith("test/")
            listener.close()
        finally:
            cloud.terminate()
            cloud.wait()


def test_a_taken_port(tmp_path):
    write_rule(tmp_path, 10)
    port = free_port()
    with running(tmp_path, configuration(tmp_path, port)):
        other = tmp_path / "other"
        other.mkdir()
        write_rule(other, 10)
        (other / "sluice.yaml").write_text(configuration(other, port))
        result = sluice("run", "--config", other / "sluice.yaml")
        assert result.returncode == 3
        assert f"port {port}" in result.stderr and "taken" in result.stderr


def test_two_nodes_on_one_folder(tmp_path):
    write_rule(tmp_path, 10)
    with running(tmp_path, configuration(tmp_path, free_port())):
        second = tmp_path / "second.yaml"
        second.write_text(configuration(tmp_path, free_port()))
        result = sluice("run", "--config", second)
        assert result.returncode == 3 and str(tmp_path / "data") in result.stderr


@pytest.mark.parametrize("change, code, words", [
    (lambda f: (f / "rules/high.rules").write_text("rule x {"), 1, ["error[E", "high.rules:1"]),
    (lambda f: (f / "rules/high.rules").write_bytes(b"\xff\xfe"), 3, ["high.rules", "UTF-8"]),
    (lambda f: (f / "sluice.yaml").write_text("nodes: x\n"), 3, ["nodes", "node", "sluice.yaml:1"]),
    (lambda f: (f / "sluice.yaml").unlink(), 3, ["sluice.yaml"]),
    (lambda f: (f / "sluice.yaml").write_text((f / "sluice.yaml").read_text().replace(
        'tcp: "127.0.0.1:', 'tls: "127.0.0.1:').replace(
            "anonymous: true", f"certificate: {f}/none.pem, key: {f}/none.key, client-ca: {f}/none.pem")), 3, ["none.pem"]),
])
def test_wrong_input(tmp_path, change, code, words):
    write_rule(tmp_path, 10)
    (tmp_path / "sluice.yaml").write_text(configuration(tmp_path, free_port()))
    change(tmp_path)
    result = sluice("run", "--config", tmp_path / "sluice.yaml")
    assert result.returncode == code, result.stderr
    for word in words:
        assert word in result.stderr, result.stderr


def test_wrong_usage():
    for arguments in (["run", "--nonsense"], ["replay"], ["nothing"], ["pub"]):
        result = sluice(*arguments)
        assert result.returncode == 2, arguments
        assert result.stderr.strip()


def test_an_unreadable_rule_file(tmp_path):
    result = sluice("check", tmp_path / "absent.rules")
    assert result.returncode == 3 and "absent.rules" in result.stderr


def test_check_as_json(tmp_path):
    (tmp_path / "a.rules").write_text('rule a {\n  from "t/{x}"\n  publish "u/{y}"\n}\n')
    result = sluice("check", tmp_path, "--format", "json")
    assert result.returncode == 1
    diagnostic = json.loads(result.stdout)["diagnostics"][0]
    assert diagnostic["severity"] == "error" and diagnostic["line"] == 3 and diagnostic["file"].endswith("a.rules")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small file system")
def test_a_full_disk_costs_no_acknowledged_message(tmp_path):
    """The data folder is a small file system that another program fills: publishers that ask for storage are told, the
    others go on, and when there is room again everything works."""
    data = tmp_path / "data"
    data.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", data], check=False)
    if mounted.returncode != 0:
        pytest.skip("tmpfs can't be mounted here")
    try:
        write_rule(tmp_path, 1e9)
        port = free_port()
        with running(tmp_path, configuration(tmp_path, port)) as node:
            publish(port, "kept/before", "1", "-r")
            filler = data / "filler"
            with open(filler, "wb") as file:
                try:
                    while file.write(b"x" * 65536):
                        file.flush()
                except OSError:
                    pass
            refused = 0
            for number in range(60):
                result = subprocess.run(
                    [tool("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(port), "-V", "mqttv5", "-q", "1", "-r", "-t",
                     f"full/{number}", "-m", "x" * 60000], capture_output=True, text=True, timeout=PATIENCE_SECONDS,
                    check=False)
                refused += "Quota exceeded" in result.stdout + result.stderr
            assert refused > 0
            assert any("commits failed" in line for line in node.lines)
            listener = Listener(port, "live/#")
            publish(port, "live/x", "still here")
            assert listener.wait(1)[0].payload == b"still here"
            listener.close()
            filler.unlink()
            publish(port, "kept/after", "2", "-r")
            node.kill()
            node.start()
            listener = Listener(port, "kept/#")
            assert sorted(m.payload for m in listener.wait(2)) == [b"1", b"2"]
            listener.close()
    finally:
        subprocess.run(["umount", "-l", data], check=False)


def test_replay_equals_numpy():
    """The shipped spike rule on a recorded series: exactly the anomalies of the rolling window in NumPy."""
    numpy = pytest.importorskip("numpy")
    series = SHARED / "data/nab/machine_temperature_system_failure.csv"
    if not series.exists():
        pytest.skip("the recorded series are not beside the checkout")
    result = sluice(
        "replay", PROJECT / "rules/spike.rules", "--input", series, "--topic", "sensors/{id}/reading", "--time-column",
        "timestamp")
    assert result.returncode == 0, result.stderr
    outputs = [json.loads(line) for line in result.stdout.splitlines()]
    rows = [line.split(",") for line in series.read_text().splitlines()[1:]]
    expected, window = [], []
    for _, text in rows:
        window = (window + [float(text)])[-100:]
        if len(window) < 10:
            continue
        deviation = numpy.std(window)
        score = (window[-1] - numpy.mean(window)) / deviation if deviation > 0 else 0
        if abs(score) > 3:
            expected.append((float(text), round(score, 2), round(numpy.mean(window), 2), round(deviation, 2)))
    found = [(o["payload"]["value"], o["payload"]["z_score"], o["payload"]["mean"], o["payload"]["std"]) for o in outputs]
    assert len(expected) > 100
    assert [f[0] for f in found] == [e[0] for e in expected]
    for got, wanted in zip(found, expected):
        assert got == pytest.approx(wanted, abs=0.0101)


def test_state_survives_a_kill(tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/sum.rules").write_text("""
rule sum {
  from "n/{d}"
  window last 4 by d
  publish "out/{d}" qos 1 { n: .n, total: sum(.n) }
}
""")
    port = free_port()
    with running(tmp_path, configuration(tmp_path, port)) as node:
        totals, numbers = [], []
        for number in range(1, 11):
            listener = Listener(port, "out/#")
            publish(port, "n/a", json.dumps({"n": number}))
            totals.append(json.loads(listener.wait(1)[0].payload)["total"])
            numbers.append(number)
            listener.close()
            if number % 3 == 0:
                node.kill()
                node.start()
        assert totals == [sum(numbers[max(0, i - 3):i + 1]) for i in range(10)]
