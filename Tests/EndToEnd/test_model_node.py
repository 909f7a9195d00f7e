"""Models in a running node: results, files that are replaced, a missing library, a slow model, crashes."""

import json
import os
import pathlib
import queue
import sys

import onnx
import onnxruntime
import paho.mqtt.client as mqtt
import pytest
from onnx import TensorProto, helper

from conftest import PATIENCE_SECONDS, Node, free_port, running, sluice

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Models"))
import broken_cases  # noqa: E402

LIBRARY = next((pathlib.Path(onnxruntime.__file__).parent / "capi").glob("libonnxruntime.so.*"))
ENVIRONMENT = {"ORT_DYLIB_PATH": str(LIBRARY)}

RULES = """model m from "scale.onnx"
rule asked { from "in/{k}" publish "out/{k}" { n: .n, y: m(.x).outputs.y, t: m(.x).time_ms, sha256: m(.x).sha256 } }
rule neighbour { from "in/{k}" publish "seen/{k}" { n: .n } }
"""


def configuration(port, extra=""):
    return f"""node: site
rules: rules
listeners:
  - name: local
    tcp: "127.0.0.1:{port}"
    anonymous: true
access:
  - listener: local
    publish: ["#"]
    subscribe: ["#", "$sluice/#"]
{extra}"""


def write_scale(path, factor):
    """y = factor · x, rows of two, put in place at once."""
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "k"], ["y"])], "scale",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor("k", TensorProto.FLOAT, [1], [factor])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    fresh = path.with_suffix(".new")
    fresh.write_bytes(model.SerializeToString())
    fresh.rename(path)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "rules").mkdir()
    write_scale(tmp_path / "rules" / "scale.onnx", 2)
    (tmp_path / "rules" / "scale.rules").write_text(RULES)
    return tmp_path


@pytest.fixture(autouse=True)
def working_folder(folder, monkeypatch):
    monkeypatch.chdir(folder)


class Client:
    """Publishes at QoS 1 and takes what comes, in order."""

    def __init__(self, port, topics, name="", clean=True):
        self.messages = queue.Queue()
        self.client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id=name, clean_session=clean, protocol=mqtt.MQTTv311)
        subscribed = queue.Queue()
        self.client.on_subscribe = lambda *_: subscribed.put(True)
        self.client.on_message = lambda _client, _data, message: self.messages.put(message)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        if topics:
            self.client.subscribe([(topic, 1) for topic in topics])
            subscribed.get(timeout=PATIENCE_SECONDS)

    def send(self, topic, payload):
        self.client.publish(topic, json.dumps(payload), qos=1).wait_for_publish(PATIENCE_SECONDS)

    def take(self):
        message = self.messages.get(timeout=PATIENCE_SECONDS)
        return message.topic, json.loads(message.payload)

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


def test_results_and_a_file_that_is_replaced(folder):
    port = free_port()
    with running(folder, configuration(port), environment=ENVIRONMENT) as node:
        client = Client(port, ["out/#", "$sluice/rules/status"])
        client.send("in/a", {"n": 1, "x": [1, 2.5]})
        topic, first = client.take()
        assert (topic, first["n"], first["y"]) == ("out/a", 1, [2, 5])
        assert first["t"] >= 0 and len(first["sha256"]) == 64

        write_scale(folder / "rules" / "scale.onnx", 10)
        node.wait_for("model was replaced")
        assert client.take()[0] == "$sluice/rules/status"
        client.send("in/a", {"n": 2, "x": [1, 2.5]})
        second = client.take()[1]
        assert second["y"] == [10, 25] and second["sha256"] != first["sha256"]

        # A broken file leaves the one that runs.
        (folder / "rules" / "scale.onnx").write_bytes(b"not a model")
        node.wait_for("not reloaded")
        status = client.take()[1]
        assert status["state"] == "refused" and "scale.onnx" in status["reason"]
        client.send("in/a", {"n": 3, "x": [1, 2.5]})
        assert client.take()[1]["y"] == [10, 25]
        client.close()


def test_order_of_a_group_and_the_counts_of_a_model(folder):
    port = free_port()
    with running(folder, configuration(port), environment=ENVIRONMENT):
        client = Client(port, ["out/#", "$sluice/models/m/stats"])
        for number in range(2_000):
            client.client.publish(f"in/{number % 7}", json.dumps({"n": number, "x": [number, 0]}), qos=1)
        last, seen, stats = {}, 0, None
        while seen < 2_000 or stats is None:
            topic, payload = client.take()
            if topic.startswith("$sluice"):
                stats = payload
                continue
            seen += 1
            assert payload["y"] == [2 * payload["n"], 0]
            assert last.get(topic, -1) < payload["n"]
            last[topic] = payload["n"]
        assert stats["model"] == "m" and len(stats["sha256"]) == 64 and stats["rows"] > 0 and stats["failed"] == 0
        client.close()


def test_without_the_library_all_else_works(folder):
    port = free_port()
    missing = {"ORT_DYLIB_PATH": str(folder / "nowhere.so")}
    (folder / "rules" / "scale.rules").write_text(
        RULES + 'rule fallback { from "in/{k}" publish "other/{k}" { y: m(.x).outputs.y ?? "none" } }\n')
    checked = sluice("check", folder / "rules", env={**os.environ, **missing})
    assert checked.returncode == 1 and "pip install onnxruntime" in checked.stdout
    with running(folder, configuration(port), environment=missing) as node:
        assert any("pip install onnxruntime" in line for line in node.lines), node.lines
        client = Client(port, ["seen/#", "other/#"])
        client.send("in/a", {"n": 1, "x": [1, 2]})
        assert sorted([client.take(), client.take()]) == [("other/a", {"y": "none"}), ("seen/a", {"n": 1})]
        client.close()


def test_a_model_that_takes_too_long_holds_nothing_up(folder):
    onnx.save(broken_cases.slow(0.5, None, folder), folder / "rules" / "slow.onnx")
    (folder / "rules" / "slow.rules").write_text("""model s from "slow.onnx"
rule late { from "in/{k}" publish "late/{k}" { n: .n, y: s(.x).value ?? "none" } }
""")
    port = free_port()
    with running(folder, configuration(port, "inference: { deadline: 100ms }"), environment=ENVIRONMENT) as node:
        client = Client(port, ["seen/#", "late/#", "out/#"])
        for number in range(20):
            client.send("in/a", {"n": number, "x": [1, 0]})
        taken = {"seen": [], "late": [], "out": []}
        while sum(map(len, taken.values())) < 60:
            topic, payload = client.take()
            taken[topic.split("/")[0]].append(payload)
        assert [payload["n"] for payload in taken["seen"]] == list(range(20))
        assert [payload["y"] for payload in taken["out"]] == [[2, 0]] * 20
        assert [(payload["n"], payload["y"]) for payload in taken["late"]] == [(number, "none") for number in range(20)]
        node.wait_for("suspended", "slow.onnx")
        client.close()


def test_a_crash_while_calls_wait_loses_and_doubles_nothing(folder):
    onnx.save(broken_cases.slow(0.02, None, folder), folder / "rules" / "slow.onnx")
    (folder / "rules" / "scale.rules").write_text("""model s from "slow.onnx"
rule r { from "in/{k}" window last 2 by k publish "out/{k}" { n: .n, y: s(.x).value } }
""")
    port = free_port()
    node = Node(folder, configuration(port, "inference: { batch: 1, deadline: 60s }"), environment=ENVIRONMENT)
    try:
        node.start()
        client = Client(port, ["out/#"], name="taker", clean=False)
        for number in range(150):
            client.send("in/a", {"n": number, "x": [1, 0]})
        node.kill()
        client.close()
        early = [client.take()[1]["n"] for _ in range(client.messages.qsize())]
        assert len(early) < 150
        node.start()
        again = Client(port, ["out/#"], name="taker", clean=False)
        numbers = list(early)
        while not numbers or max(numbers) < 149:
            message = again.messages.get(timeout=PATIENCE_SECONDS)
            number = json.loads(message.payload)["n"]
            # What was on its way when the node died may come again, marked as such.
            assert number not in numbers or message.dup
            if number not in numbers:
                numbers.append(number)
        assert numbers == list(range(150))
        again.close()
    finally:
        node.stop()
