"""The built program, SLUICE_BINARY, with the ONNX Runtime of this Python: both compute with the same library."""

import json
import os
import pathlib
import subprocess

import onnxruntime
import pytest

PATIENCE_SECONDS = 120


def binary():
    path = os.environ.get("SLUICE_BINARY")
    if not path or not os.access(path, os.X_OK):
        pytest.fail("SLUICE_BINARY must name the built program: run \"make test\"")
    return path


def environment():
    library = next((pathlib.Path(onnxruntime.__file__).parent / "capi").glob("libonnxruntime.so.*"))
    return {**os.environ, "ORT_DYLIB_PATH": str(library)}


def sluice(*arguments):
    """Runs a command to its end."""
    return subprocess.run(
        [binary(), *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False,
        env=environment())


def replay(rules, messages):
    """Sends `messages` to the topic `rows`, a second apart; the outputs as dictionaries."""
    recording = rules.with_suffix(".ndjson")
    recording.write_text("".join(
        json.dumps({"topic": "rows", "payload": message, "time": 1_000 * number}) + "\n"
        for number, message in enumerate(messages)))
    result = sluice("replay", rules, "--input", recording)
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]
