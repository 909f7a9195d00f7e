"""Kills the node with SIGKILL again and again under load, and compares what was acknowledged with what arrived.

20 QoS 1 publishers → a rule with a window → the bridge → a broker in the cloud's place (Debian's mosquitto). Each input
gives one output that holds the sum over the last three inputs, so an output tells whether the rule's state was right.

Checked, at the end and over all rounds:
- every acknowledged input has its output at the cloud (nothing is lost);
- an id stands for one output, and a lane's sequence numbers have no gap (nothing twice, nothing missing); a message that
  the bridge sent again after a crash, under its id, is dropped by that id as receivers are told to;
- outputs of a device come in the order of its inputs, and each sum is that of the outputs before it: state came back
  exactly as at the last commit.
"""

import argparse
import asyncio
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from wire import Publisher  # noqa: E402

RULE = """
rule tally {
  from "load/{device}/n"
  window last 3 by device
  publish "cloud/tally/{device}" qos 1 { n: .n, total: sum(.n), events: count() }
}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, process, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the process ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(0.005)
    raise RuntimeError(f"port {port} did not open")


class Cloud:
    """Collects what reaches the broker in the cloud's place: mosquitto_sub in a process of its own, so that the load
    here never holds it up. QoS 0, since Debian's mosquitto sometimes stops in the middle of a long QoS 1 backlog."""

    def __init__(self, port):
        self.messages = []
        self.by_id = {}
        self.redelivered = 0
        self.problems = []
        self.lock = threading.Lock()
        self.process = subprocess.Popen(
            ["mosquitto_sub", "-p", str(port), "-V", "mqttv5", "-q", "0", "-t", "gateway/#", "-t", "ready",
             "-F", "%t\t%p\t%P"], stdout=subprocess.PIPE, text=True)
        ready = threading.Event()
        threading.Thread(target=self.read, args=(ready,), daemon=True).start()
        while not ready.wait(0.1):
            subprocess.run(["mosquitto_pub", "-p", str(port), "-t", "ready", "-m", "ready"], check=True)

    def read(self, ready):
        for line in self.process.stdout:
            topic, payload, properties = line.rstrip("\n").split("\t")
            if topic == "ready":
                ready.set()
            else:
                self.received(topic, json.loads(payload), dict(p.split(":", 1) for p in properties.split()))

    def received(self, topic, body, properties):
        entry = (
            topic.rsplit("/", 1)[1], body["n"], body["total"], body["events"], properties["x-epoch"],
            properties["x-lane"], int(properties["x-seq"]), properties["x-mid"])
        with self.lock:
            known = self.by_id.get(entry[7])
            if known is None:
                self.by_id[entry[7]] = entry
                self.messages.append(entry)
            elif known == entry:
                self.redelivered += 1
            else:
                self.problems.append(f"id {entry[7]} stands for two outputs: {known} and {entry}")

    def highest(self):
        with self.lock:
            highest = {}
            for entry in self.messages:
                highest[entry[0]] = max(highest.get(entry[0], 0), entry[1])
            return highest


def check(cloud, publishers):
    problems = list(cloud.problems)
    with cloud.lock:
        messages = list(cloud.messages)
    lanes, devices = {}, {}
    for device, n, total, events, epoch, lane, sequence, _ in messages:
        lanes.setdefault((epoch, lane), []).append(sequence)
        devices.setdefault(device, []).append((sequence, n, total, events))
    for lane, sequences in lanes.items():
        if sequences != sorted(sequences):
            problems.append(f"lane {lane}: out of order")
        missing = set(range(1, max(sequences) + 1)) - set(sequences)
        if missing:
            problems.append(f"lane {lane}: {len(missing)} of {max(sequences)} missing, first {min(missing)}")
        if len(sequences) != len(set(sequences)):
            problems.append(f"lane {lane}: a sequence number stands for two messages")
    for publisher in publishers:
        outputs = devices.get(publisher.name, [])
        numbers = [n for _, n, _, _ in outputs]
        lost = set(range(1, publisher.acknowledged + 1)) - set(numbers)
        if lost:
            problems.append(f"{publisher.name}: {len(lost)} acknowledged inputs have no output, first {min(lost)}")
        newest = 0
        for index, (_, n, total, events) in enumerate(outputs):
            if n > newest + 1:
                problems.append(f"{publisher.name}: {n} came after {newest}")
                break
            newest = max(newest, n)
            window = numbers[max(0, index - 2):index + 1]
            if total != sum(window) or events != len(window):
                problems.append(
                    f"{publisher.name}: at output {index} of {n}, total {total} of {events} events; expected "
                    f"{sum(window)} of {window}")
                break
    return problems


class Node:
    def __init__(self, binary, folder, cloud_port, port):
        self.binary, self.folder, self.port = binary, folder, port
        (folder / "rules").mkdir()
        (folder / "rules/tally.rules").write_text(RULE)
        (folder / "sluice.yaml").write_text(f"""
node: gateway
data: data
rules: rules
listeners: [ {{ name: local, tcp: "127.0.0.1:{port}", anonymous: true }} ]
access: [ {{ listener: local, publish: ["#"], subscribe: ["#"] }} ]
bridges:
  - name: cloud
    url: mqtt://127.0.0.1:{cloud_port}
    routes: [ {{ from: "cloud/#", to: "{{node}}/{{rest}}", qos: 1 }} ]
""")
        self.process = None

    def start(self):
        log = open(self.folder / "node.log", "ab")
        self.process = subprocess.Popen(
            [self.binary, "run", "--config", self.folder / "sluice.yaml"], stdout=log, stderr=log)
        log.close()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


async def load(node, arguments, cloud, random_source):
    publishers = [
        Publisher(node.port, f"d{index}", lambda number: b'{"n":%d}' % number) for index in range(arguments.publishers)]
    tasks = [asyncio.create_task(publisher.run()) for publisher in publishers]
    for round_number in range(1, arguments.rounds + 1):
        await asyncio.sleep(random_source.uniform(0.02, arguments.longest))
        before = sum(publisher.acknowledged for publisher in publishers)
        node.kill()
        node.start()
        # The round counts when the node acknowledges again.
        end = time.monotonic() + 60
        while sum(publisher.acknowledged for publisher in publishers) <= before:
            if time.monotonic() > end:
                raise RuntimeError(f"round {round_number}: nothing was acknowledged within a minute after the restart")
            if node.process.poll() is not None:
                raise RuntimeError(f"round {round_number}: the node ended with {node.process.returncode}")
            await asyncio.sleep(0.005)
        if round_number % 10 == 0:
            print(f"{round_number} kills, {sum(p.acknowledged for p in publishers)} acknowledged, "
                  f"{len(cloud.messages)} at the cloud", flush=True)
    for publisher in publishers:
        publisher.is_stopping = True
    await asyncio.wait_for(asyncio.gather(*tasks), 120)
    end = time.monotonic() + 120
    while any(cloud.highest().get(p.name, 0) < p.acknowledged for p in publishers):
        if time.monotonic() > end:
            break
        await asyncio.sleep(0.05)
    return publishers


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--publishers", type=int, default=20)
    parser.add_argument("--longest", type=float, default=0.8, help="seconds between restart and kill, at most")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--keep", action="store_true", help="keep the folder")
    arguments = parser.parse_args()
    binary = os.environ.get("SLUICE_BINARY")
    if not binary or not os.access(binary, os.X_OK):
        sys.exit("crash-test: SLUICE_BINARY must name the built program: run \"make build\" first")
    mosquitto = shutil.which("mosquitto", path="/usr/sbin:/usr/bin")
    if not mosquitto:
        sys.exit("crash-test: mosquitto is missing: apt-get install mosquitto")
    seed = arguments.seed if arguments.seed is not None else random.randrange(1 << 32)
    print(f"seed {seed}", flush=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-crash-"))
    cloud_port, port = free_port(), free_port()
    (folder / "cloud.conf").write_text(
        f"listener {cloud_port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 1000\n")
    broker = subprocess.Popen(
        [mosquitto, "-c", folder / "cloud.conf"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    node = cloud = None
    try:
        wait_for_port(cloud_port, broker)
        cloud = Cloud(cloud_port)
        node = Node(binary, folder, cloud_port, port)
        node.start()
        wait_for_port(port, node.process)
        started = time.monotonic()
        publishers = asyncio.run(load(node, arguments, cloud, random.Random(seed)))
        problems = check(cloud, publishers)
        result = {
            "rounds": arguments.rounds, "seconds": round(time.monotonic() - started, 1),
            "acknowledged": sum(p.acknowledged for p in publishers), "inputs_resent": sum(p.resent for p in publishers),
            "outputs": len(cloud.messages), "redelivered_under_their_id": cloud.redelivered, "problems": len(problems),
        }
        print(json.dumps(result))
        for problem in problems[:20]:
            print(f"PROBLEM {problem}")
        print(f"{arguments.rounds if not problems else 0} passed, {len(problems)} failed")
        return 1 if problems else 0
    finally:
        for process in (node and node.process, cloud and cloud.process, broker):
            if process and process.poll() is None:
                process.kill()
                process.wait()
        if arguments.keep:
            print(f"kept {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
