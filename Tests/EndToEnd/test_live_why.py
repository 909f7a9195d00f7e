"""`sluice why RULE --host`: one message from a broker on its way through a rule."""

import contextlib
import json
import queue
import signal
import subprocess
import threading

import pytest

from conftest import PATIENCE_SECONDS, binary, free_port, running, sluice

RULES = """\
rule hot "Machines that are hot" {
  from "why/{machine}/temperature" { value: number }
  where .value > 0
  window last 3 by machine
  when mean(.value) > 80
  publish "cloud/{machine}" { machine, mean: mean(.value) }
}

rule summary {
  from "cloud/{machine}"
  where property("shift") == "night" or qos() == 1
  publish "report/{machine}" { mean: .mean }
}

rule other { from "elsewhere/#" publish "cloud/other" }
"""
TOPIC = "why/press-1/temperature"


@pytest.fixture(scope="module")
def rules(tmp_path_factory):
    file = tmp_path_factory.mktemp("why") / "hot.rules"
    file.write_text(RULES)
    return file


class Listener:
    """The command, from the moment in which it listens."""

    def __init__(self, site, *arguments, listens=True):
        self.process = subprocess.Popen(
            [binary(), "why", *map(str, arguments), "--host", "127.0.0.1", "--port", str(site.plain)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.errors = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()
        self.note = self.errors.get(timeout=PATIENCE_SECONDS) if listens else None

    def read(self):
        for line in self.process.stderr:
            self.errors.put(line)
        self.errors.put(None)

    def end(self):
        output = self.process.stdout.read()
        self.process.wait(PATIENCE_SECONDS)
        return self.process.returncode, output

    def complaints(self):
        return "".join(iter(lambda: self.errors.get(timeout=PATIENCE_SECONDS), None))


@contextlib.contextmanager
def why(site, *arguments):
    listener = Listener(site, *arguments)
    try:
        yield listener
    finally:
        if listener.process.poll() is None:
            listener.process.kill()
        listener.process.wait()


def publish(site, topic, payload, *arguments):
    result = sluice("pub", "-p", site.plain, "-t", topic, "-m", payload, *arguments)
    assert result.returncode == 0, result.stderr


def test_the_next_message_is_followed(site, rules):
    with why(site, "hot", rules) as listener:
        assert listener.note == (
            f"sluice: listening to why/+/temperature at 127.0.0.1:{site.plain}; windows know only what came since\n")
        publish(site, "why/press-1/pressure", '{"value": 1}')
        publish(site, TOPIC, '{"value": 90}')
        code, output = listener.end()
    assert code == 0 and listener.complaints() == ""
    lines = output.splitlines()
    assert lines[0] == TOPIC
    assert "  from      why/{machine}/temperature  → matches" in lines and '              machine = "press-1"' in lines
    assert "              mean(.value) = 90.0" in lines
    assert lines[-2].endswith('cloud/press-1 {"machine":"press-1","mean":90.0}  → QoS 1') and lines[-1] == "  published"


def test_warm_messages_fill_the_windows(site, rules):
    with why(site, "hot", rules, "--warm", 2, "--count", 2, "--format", "json") as listener:
        for value in (90, 60, 30, 0, 75):
            publish(site, TOPIC, json.dumps({"value": value}))
        code, output = listener.end()
    assert code == 0
    first, second = map(json.loads, output.splitlines())
    values = {name: value for step in first["takes"][0]["steps"] for name, value in step["values"].items()}
    assert values["mean(.value)"] == "60.0"
    assert first["takes"][0]["outcome"] == "`when` was not true"
    assert second["takes"][0]["outcome"] == "`where` did not let it through"


def test_one_topic_is_waited_for(site, rules):
    with why(site, "hot", rules, "--topic", "why/press-2/temperature") as listener:
        publish(site, TOPIC, '{"value": 1}')
        publish(site, "why/press-2/temperature", '{"value": 2}')
        assert listener.end()[1].startswith("why/press-2/temperature\n")
    result = sluice("why", "hot", rules, "--host", "127.0.0.1", "-p", site.plain, "--topic", "why/press-2/pressure")
    assert result.returncode == 1 and result.stdout == ""
    assert "why/{machine}/temperature does not match why/press-2/pressure: level 3 is `pressure`" in result.stderr


def test_messages_of_the_first_seconds_pass(site, rules):
    with why(site, "hot", rules, "--after", "1.5") as listener:
        publish(site, TOPIC, '{"value": 20}')
        end = threading.Event()

        def go_on():
            while not end.wait(0.1):
                publish(site, TOPIC, '{"value": 40}')

        sender = threading.Thread(target=go_on)
        sender.start()
        code, output = listener.end()
        end.set()
        sender.join()
    # The window is full of what passed before.
    assert code == 0 and "mean(.value) = 40.0" in output


def test_qos_and_properties_are_those_of_the_message(site, rules):
    with why(site, "summary", rules, "--count", 3) as listener:
        publish(site, "cloud/a", "{}", "-q", 1)
        publish(site, "cloud/b", "{}", "-D", "publish", "user-property", "shift", "night")
        publish(site, "cloud/c", "{}", "-q", 2)
        code, output = listener.end()
    assert code == 0
    reports = output.split("\n\n")
    assert len(reports) == 3 and "  published" in reports[0] and "  published" in reports[1]
    assert "`where` did not let it through" in reports[2] and "qos() = 2" in reports[2]


def test_what_the_node_publishes_is_taken_once(rules, tmp_path):
    """The rule that feeds the asked one runs in the node; were it run here too, each message would come twice."""
    port = free_port()
    configuration = (
        f'node: n\ndata: {tmp_path}/data\nrules: ["{rules}"]\nlisteners:\n'
        f'  - {{ name: local, tcp: "127.0.0.1:{port}", anonymous: true }}\n'
        'access:\n  - { listener: local, publish: ["#"], subscribe: ["#"] }\n')
    with running(tmp_path, configuration) as node:
        node.plain = port
        with why(node, "summary", rules, "--count", 2) as listener:
            for value in (100, 110):
                publish(node, TOPIC, json.dumps({"value": value}))
            code, output = listener.end()
    assert code == 0
    assert [line.strip() for line in output.splitlines() if line.strip().startswith(".mean")] == [".mean = 100.0", ".mean = 105.0"]


def test_retained_messages_are_no_events(site, rules):
    publish(site, "why/kept/temperature", '{"value": 5}', "-r")
    listener = Listener(site, "hot", rules, "--seconds", "1")
    assert listener.end() == (1, "")
    assert "1 message came in 1 s, and rule hot took none: it is a retained message" in listener.complaints()
    publish(site, "why/kept/temperature", "", "-r")


def test_all_topics_of_the_rule_are_asked_for(site, tmp_path):
    """Those that another covers are not, and `latest` has its own."""
    file = tmp_path / "r.rules"
    file.write_text(
        'rule r {\n  from "why/+/x", "why/#", "other"\n  let most = latest("limits/all")\n'
        '  publish "out" { most: most.max }\n}\n')
    with why(site, "r", file) as listener:
        assert "listening to why/#, other, limits/all at" in listener.note
        publish(site, "limits/all", '{"max": 7}')
        publish(site, "other", "{}")
        assert 'out {"most":7}' in listener.end()[1]


def test_the_time_is_over(site, rules):
    listener = Listener(site, "hot", rules, "--seconds", "0.5")
    assert listener.end() == (1, "")
    assert "no message came on why/+/temperature in 0.5 s; wait longer" in listener.complaints()


def test_interruptions_end_it_well(site, rules):
    for number in (signal.SIGINT, signal.SIGTERM):
        with why(site, "hot", rules) as listener:
            listener.process.send_signal(number)
            assert listener.end() == (0, "") and listener.complaints() == ""


def test_with_certificates(site, rules, tmp_path):
    file = tmp_path / "r.rules"
    file.write_text('rule r {\n  from "sensors/sensor-1/{kind}"\n  publish "out"\n}\nrule no {\n  from "a"\n  publish "b"\n}\n')
    tls = ("--host", "localhost", "--port", site.tls, "--cafile", site.certs / "ca.pem",
           "--cert", site.certs / "sensor-1.pem", "--key", site.certs / "sensor-1.key")
    process = subprocess.Popen(
        [binary(), "why", "r", str(file), *map(str, tls)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert "listening to sensors/sensor-1/+" in process.stderr.readline()
    publish(site, "sensors/sensor-1/heat", "{}")
    output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0 and 'kind = "heat"' in output
    result = sluice("why", "no", file, *tls)
    assert result.returncode == 1 and "refused the subscription to 'a'" in result.stderr


@pytest.mark.parametrize("arguments, words", [
    ([], "--input FILE --line N, or --host HOST"), (["--port", 1], "--host HOST"), (["--line", 3], "or --host HOST"),
    (["--input", "a.ndjson", "--line", 1, "--host", "x"], "leave one out"), (["--input", "a.ndjson"], "needs --line"),
    (["--input", "a.ndjson", "--line", 0], "from 1"), (["--input", "a.ndjson", "--line", 1, "--warm", 1], "are for --host"),
    (["--input", "a.csv", "--line", 1], "needs --topic and --time-column"), (["--host", "x", "--line", 1], "are for --input"),
    (["--host", "x", "--count", 0], "at least 1"), (["--host", "x", "--seconds", 0], "more than 0"),
    (["--host", "x", "--after", 5, "--seconds", 5], "less than --seconds"), (["--host", "x", "--topic", "a/+"], "no wildcards"),
])
def test_wrong_usage(rules, arguments, words):
    result = sluice("why", "hot", rules, *arguments)
    assert result.returncode == 2 and words in result.stderr, result.stderr


def test_no_broker(rules):
    result = sluice("why", "hot", rules, "--host", "127.0.0.1", "--port", free_port())
    assert result.returncode == 3 and result.stdout == "" and "127.0.0.1" in result.stderr
    assert sluice("why", "hott", rules, "--host", "127.0.0.1").returncode == 1
