"""Rules that are saved again and again under load: nothing is missed or doubled, unchanged state stays, memory too.

SLUICE_RELOADS=1000 runs the long form.
"""

import collections
import json
import os
import pathlib
import threading

import paho.mqtt.client as mqtt

from conftest import PATIENCE_SECONDS, free_port, running

RELOADS = int(os.environ.get("SLUICE_RELOADS", "60"))
GROUPS = 10_000
WINDOW = 200

COUNTER = """rule counter {
  from "in/{k}"
  window last 1000 by k
  publish "out" qos 0 { k, n: count(), v: .v }
}
"""


def other(number):
    return f'rule other {{ from "in/{{k}}" where .v > {10**9 + number} publish "never" {{ v: .v }} }}\n'


def resident_megabytes(process):
    for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmRSS")


class Load:
    """Publishes to all groups in turn at QoS 1, with a window, until told to stop."""

    def __init__(self, port):
        self.sent = collections.Counter()
        self.outputs = collections.defaultdict(list)
        self.slots = threading.Semaphore(WINDOW)
        self.arrived = threading.Condition()
        self.publisher = self.client(port)
        self.publisher.on_publish = lambda *_: self.slots.release()
        self.listener = self.client(port)
        subscribed = threading.Event()
        self.listener.on_subscribe = lambda *_: subscribed.set()
        self.listener.on_message = self.take
        self.listener.subscribe("out", qos=0)
        assert subscribed.wait(PATIENCE_SECONDS)

    @staticmethod
    def client(port):
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
        client.max_queued_messages_set(0)
        client.max_inflight_messages_set(WINDOW)
        client.connect("127.0.0.1", port)
        client.loop_start()
        return client

    def take(self, _client, _data, message):
        output = json.loads(message.payload)
        with self.arrived:
            self.outputs[output["k"]].append((output["n"], output["v"]))
            self.arrived.notify_all()

    def send(self, group):
        assert self.slots.acquire(timeout=PATIENCE_SECONDS)
        self.sent[str(group)] += 1
        self.publisher.publish(f"in/{group}", json.dumps({"v": self.sent[str(group)]}), qos=1)

    def settle(self):
        total = sum(self.sent.values())
        with self.arrived:
            assert self.arrived.wait_for(
                lambda: sum(map(len, self.outputs.values())) >= total, PATIENCE_SECONDS), "outputs are missing"

    def close(self):
        for client in (self.publisher, self.listener):
            client.disconnect()
            client.loop_stop()


def test_reloads_under_load(tmp_path):
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "counter.rules").write_text(COUNTER)
    (rules / "other.rules").write_text(other(0))
    port = free_port()
    configuration = f"""
node: test
data: {tmp_path}/data
rules: {rules}
listeners: [ {{ name: local, tcp: "127.0.0.1:{port}", anonymous: true }} ]
access: [ {{ identity: "*", publish: ["#"], subscribe: ["#"] }}, {{ listener: local, publish: ["#"], subscribe: ["#"] }} ]
"""
    with running(tmp_path, configuration) as node:
        load = Load(port)
        for group in range(GROUPS):
            load.send(group)
        load.settle()
        stop = threading.Event()

        def keep_sending():
            number = 0
            while not stop.is_set():
                load.send(number % GROUPS)
                number += 1

        sender = threading.Thread(target=keep_sending)
        sender.start()
        try:
            early = None
            for number in range(1, RELOADS + 1):
                # Renamed into place, as editors do.
                (rules / ".new").write_text(other(number))
                os.replace(rules / ".new", rules / "other.rules")
                line = node.wait_for("rules reloaded")
                assert "kept=counter" in line, line
                if number == max(RELOADS // 3, 1):
                    early = resident_megabytes(node.process)
            late = resident_megabytes(node.process)
        finally:
            stop.set()
            sender.join()
        load.settle()
        load.close()
    for group, count in load.sent.items():
        assert load.outputs[group] == [(n, n) for n in range(1, count + 1)], group
    assert sum(map(len, load.outputs.values())) == sum(load.sent.values())
    assert late < early * 1.2 + 20, f"memory grew from {early:.0f} to {late:.0f} MB"
    print(f"{RELOADS} reloads, {sum(load.sent.values())} messages, {early:.0f} -> {late:.0f} MB")
