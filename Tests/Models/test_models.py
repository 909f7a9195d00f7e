"""Rules get from a model what ONNX Runtime gives in Python, whatever the model's types, shapes and outputs."""

import hashlib
import json

import make_models
import numpy as np
import pytest
from program import replay, sluice

TOLERANCE = 1e-6


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """Made once, though each module that imports this has a fixture of its own."""
    folder = tmp_path_factory.getbasetemp() / "models"
    if not folder.exists():
        make_models.write(folder)
    return folder


def rule(name, case):
    """Publishes each result as a member of its own."""
    members = ", ".join(f"r{place}: v.{result}" for place, result in enumerate(case["expected"][-1]))
    return f"""
model m from "{name}.onnx"{case["declaration"]}

rule results {{
  from "rows"
  {case["window"]}
  let v = {case["call"]}
  publish "results" {{ {members}, name: v.model, sha256: v.sha256, time_ms: v.time_ms }}
}}
"""


def differences(expected, got, is_bit_equal):
    """What is not as expected. Numbers are, if they are the same float32 or double, or as near as is allowed."""
    if expected is None or isinstance(expected, str):
        return [] if got == expected else [f"{got!r} is not {expected!r}"]
    left, right = np.ravel(expected), np.ravel(np.asarray(got, dtype=object))
    if left.shape != right.shape or any(value is None for value in right):
        return [f"{got!r} is not {expected!r}"]
    right = right.astype(left.dtype if left.dtype != bool else bool)
    same = left == right
    if left.dtype == np.float64:
        # A float32 may be written with the digits that tell it from its neighbours, or as the double that equals it.
        is_float32 = left == left.astype(np.float32)
        same |= is_float32 & (right.astype(np.float32) == left.astype(np.float32))
        if not is_bit_equal:
            same |= np.abs(left - right) <= TOLERANCE * np.maximum(1, np.abs(left))
    return [f"{b!r} is not {a!r}" for a, b, equal in zip(left.tolist(), right.tolist(), same) if not equal]


@pytest.mark.parametrize("name", make_models.NAMES)
def test_results_are_those_of_onnx_runtime(models, name):
    case = json.loads((models / f"{name}.json").read_text())
    rules = models / f"{name}.rules"
    rules.write_text(rule(name, case))
    check = sluice("check", rules)
    assert check.returncode == 0, check.stdout + check.stderr
    outputs = [line["payload"] for line in replay(rules, case["messages"]) if line["topic"] == "results"]
    assert len(outputs) == len(case["messages"])
    digest = hashlib.sha256((models / f"{name}.onnx").read_bytes()).hexdigest()
    complaints = []
    for number, (expected, got) in enumerate(zip(case["expected"], outputs)):
        for place, (result, value) in enumerate(expected.items()):
            complaints += [f"row {number}, {result}: {difference}"
                           for difference in differences(value, got.get(f"r{place}"), case["is_bit_equal"])]
        if None not in expected.values():
            assert got["sha256"] == digest and got["time_ms"] >= 0
    assert not complaints, "\n".join(complaints[:20])


def test_error_compares_what_an_auto_encoder_made(models):
    case = json.loads((models / "auto-encoder.json").read_text())
    rules = models / "error.rules"
    rules.write_text("""
model m from "auto-encoder.onnx"
rule r { from "rows" publish "error" { value: error(.x, m(.x).outputs.rebuilt) } }
""")
    for message, expected, output in zip(case["messages"], case["expected"], replay(rules, case["messages"]), strict=True):
        error = np.mean((np.array(message["x"]) - expected["outputs.rebuilt"]) ** 2)
        assert output["payload"]["value"] == pytest.approx(error, rel=TOLERANCE)


def test_a_missing_argument_gives_a_missing_result(models):
    case = json.loads((models / "two-inputs.json").read_text())
    rules = models / "missing.rules"
    rules.write_text("""
model m from "two-inputs.onnx"
rule r { from "rows" publish "value" { value: m(temp: .temp, hist: .hist).value ?? "none" } }
""")
    whole = case["messages"][0]
    short = {**whole, "hist": whole["hist"][:-1]}
    holed = {**whole, "hist": [*whole["hist"][:-1], None]}
    values = [line["payload"]["value"] for line in replay(rules, [{"hist": whole["hist"]}, short, holed, {}, whole])
              if line["topic"] == "value"]
    assert values[:4] == ["none"] * 4
    assert differences(case["expected"][0]["value"], values[4], True) == []


def test_explain_shows_what_the_model_takes_and_gives(models):
    rules = models / "several-outputs.rules"
    rules.write_text("""
model m from "several-outputs.onnx"
rule r { from "rows" publish "peak" { value: m(.x).outputs.peak } }
""")
    result = sluice("explain", "r", rules)
    assert result.returncode == 0, result.stderr
    for word in ("several-outputs.onnx", "matrix", "peak", "mean", "place", "float32", "int64"):
        assert word in result.stdout, word
