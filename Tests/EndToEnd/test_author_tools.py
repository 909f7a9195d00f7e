"""`sluice check --watch` and `sluice learn`, as somebody who writes rules uses them."""

import contextlib
import json
import queue
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from conftest import PATIENCE_SECONDS, binary, free_port, sluice, tool

RULE = 'rule hot {\n  from "plant/{machine}"\n  where .value > 80\n  publish "cloud/{machine}"\n}\n'


@contextlib.contextmanager
def watching(*arguments):
    process = subprocess.Popen(
        [binary(), "check", "--watch", *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines = queue.Queue()

    def read():
        for line in process.stdout:
            lines.put(line)

    threading.Thread(target=read, daemon=True).start()

    def until(pattern):
        """The lines up to the first that has `pattern`."""
        seen = ""
        while True:
            seen += lines.get(timeout=PATIENCE_SECONDS)
            if re.search(pattern, seen):
                return seen

    try:
        yield process, until
    finally:
        process.kill()
        process.wait()


def test_watch_checks_when_a_file_is_saved(tmp_path):
    file = tmp_path / "hot.rules"
    file.write_text(RULE)
    with watching(tmp_path) as (process, until):
        assert re.search(r"^\d\d:\d\d:\d\d checked\n1 file, 1 rule: no errors\n", until("no errors\n"))
        file.write_text(RULE.replace(".value >", "valu >"))
        assert "error[E0203]" in until("unknown name")
        file.write_text(RULE)
        until("no errors\n")
        # Editors put a new file in the place of the old one; folders and tables come later.
        (tmp_path / "new").write_text(RULE.replace("hot", "warm"))
        (tmp_path / "new").rename(tmp_path / "warm.rules")
        until("2 files, 2 rules")
        (tmp_path / "more").mkdir()
        until("checked")
        (tmp_path / "more" / "cold.rules").write_text(RULE.replace("hot", "cold"))
        until("3 files, 3 rules")
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_SECONDS) == 0


def test_watch_sees_tables(tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "tables").mkdir()
    table = tmp_path / "tables" / "m.csv"
    table.write_text("id,limit\na,5\n")
    (tmp_path / "rules" / "hot.rules").write_text(
        'table m from "../tables/m.csv" key id\n' + RULE.replace("80", "m[machine].limit"))
    with watching(tmp_path / "rules") as (process, until):
        until("no errors\n")
        table.write_text("id,lim\na,5\n")
        until("E0212")
        table.write_text("id,limit\na,6\n")
        until("no errors\n")
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0


def test_watch_for_programs(tmp_path):
    file = tmp_path / "hot.rules"
    file.write_text(RULE)
    with watching(file, "--format", "json") as (_, until):
        assert json.loads(until("\n")) == {"diagnostics": []}
        file.write_text("rule")
        assert json.loads(until("\n"))["diagnostics"][0]["code"] == "E0110"


def test_watch_needs_something_to_watch(tmp_path):
    result = sluice("check", "--watch", tmp_path / "gone")
    assert result.returncode == 3 and "no such file" in result.stderr


# learn

MESSAGES = [
    ("sensors/a/reading", {"value": 21.5, "unit": "C", "ts": 1772438400}),
    ("sensors/b/reading", {"value": 22.25, "unit": "C", "ts": 1772438401}),
    ("sensors/b/state", {"running": True}),
]
LEARNED = """\
# 2 messages
# {sensor}: 2 values: a, b
from "sensors/{sensor}/reading" {
  value: number,  # always; 21.5, 22.25
  unit: text,     # always; "C"
  ts: time s      # always; 1772438400, 1772438401
}
"""


@pytest.fixture
def recording(tmp_path):
    file = tmp_path / "day.ndjson"
    file.write_text("".join(
        json.dumps({"topic": topic, "payload": payload, "time": 1772438400000}) + "\n" for topic, payload in MESSAGES))
    return file


def test_learn_from_a_recording(recording, tmp_path):
    result = sluice("learn", "sensors/+/reading", "--input", recording)
    assert (result.returncode, result.stdout) == (0, LEARNED), result.stderr
    assert "left out: 1 message on other topics" in result.stderr
    # Without a topic all of it; and what is printed can stand in a rule.
    result = sluice("learn", "--input", recording)
    assert "sensors/b/state" in result.stdout and result.stderr == ""
    rules = tmp_path / "learned.rules"
    rules.write_text("".join(
        f"rule r{number} {{\n{source}\npublish \"out/{number}\"\n}}\n"
        for number, source in enumerate(result.stdout.split("\n\n"))))
    assert sluice("check", rules).returncode == 0
    assert sluice("learn", "--input", recording, "--count", 1).stdout.startswith("# 1 message\n")


def test_learn_from_a_table(tmp_path):
    file = tmp_path / "press.csv"
    file.write_text("timestamp,id,value\n2026-03-02 08:00:00,a,5\n2026-03-02 08:00:01,b,6\n")
    result = sluice("learn", "sensors/{id}/reading", "--input", file, "--time-column", "timestamp")
    assert result.returncode == 0, result.stderr
    assert "from \"sensors/{id}/reading\" {" in result.stdout and "value: number" in result.stdout


def test_learn_says_what_is_wrong(recording):
    for arguments, code, words in (
            ((), 2, "topic filter is missing"), (("a/#/b",), 2, "not a topic filter"),
            (("a", "--seconds", "0"), 2, "--seconds"), (("a", "--input", "gone.ndjson"), 3, "gone.ndjson"),
            (("a", "--input", recording), 1, "no message on a"), (("a", "--input", "x.csv"), 2, "--time-column"),
            (("a", "-p", free_port()), 3, "")):
        result = sluice("learn", *arguments)
        assert result.returncode == code, (arguments, result.stderr)
        assert words in result.stderr and result.stdout == ""


@pytest.fixture
def broker():
    port = free_port()
    process = subprocess.Popen([tool("mosquitto"), "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            break
    yield port
    process.terminate()
    process.wait(PATIENCE_SECONDS)


def test_learn_from_a_broker(broker):
    for topic, payload in MESSAGES:
        assert sluice("pub", "-p", broker, "-t", topic, "-m", json.dumps(payload), "-r", "-q", "1").returncode == 0
    result = sluice("learn", "sensors/{sensor}/reading", "-p", broker, "--count", 2, "--seconds", PATIENCE_SECONDS)
    assert result.returncode == 0, result.stderr
    # Here the time of a message is now, and not that of the recording; the name says that it is one.
    assert result.stdout == LEARNED
    result = sluice("learn", "nobody/#", "-p", broker, "--seconds", "0.2")
    assert result.returncode == 1 and "listen longer" in result.stderr
