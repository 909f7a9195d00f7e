"""A model that can't be used is told when its rule is checked; one that fails while it runs disturbs nothing else."""

import broken_cases
import pytest
from program import replay, sluice
from test_models import models  # noqa: F401  the same folder

NEIGHBOUR = 'rule neighbour { from "rows" publish "seen" { row: .row } }\n'


def check(models, text, name):  # noqa: F811
    rules = models / f"{name}.rules"
    rules.write_text(text)
    result = sluice("check", rules)
    assert "E0901" not in result.stdout + result.stderr
    return result.returncode, result.stdout + result.stderr


@pytest.mark.parametrize("name", broken_cases.REFUSED)
def test_a_file_that_can_not_be_used_is_refused(models, name):  # noqa: F811
    code, told = check(models, f"""
model m from "{name}.onnx"
rule r {{ from "rows" publish "results" {{ value: m(.x).outputs.y }} }}
""", name)
    finding, word = broken_cases.REFUSED[name]
    assert code == 1 and finding in told and f"{name}.onnx" in told and word in told, told


def test_a_file_that_is_not_there(models):  # noqa: F811
    code, told = check(models, """
model m from "nowhere.onnx"
rule r { from "rows" publish "results" { value: m(.x).value } }
""", "nowhere")
    assert code == 1 and "E0705" in told and "nowhere.onnx" in told, told


@pytest.mark.parametrize(("model", "call", "finding", "words"), [
    ("mlp", "m(.temp, .temp).class", "E0310", ["8", "2"]),
    ("mlp", 'm("warm").class', "E0310", ["text"]),
    ("mlp", "m(.hist).value", "E0213", ["value", "class"]),
    ("mlp", "m(.hist).outputs.nothing", "E0213", ["nothing", "probabilities"]),
    ("mlp", "m(.hist).label", "", []),
    ("logits", "m(.hist).label", "E0213", ["labels"]),
    ("two-inputs", "m(.temp, .hist).value", "E0310", ["temp", "hist"]),
    ("two-inputs", "m(temp: .temp).value", "E0310", ["hist"]),
    ("two-inputs", "m(tmp: .temp, hist: .hist).value", "E0310", ["tmp"]),
])
def test_a_call_that_does_not_fit(models, model, call, finding, words):  # noqa: F811
    code, told = check(models, f"""
model m from "{model}.onnx"
rule r {{ from "rows" {{ temp: number, hist: list }} publish "results" {{ value: {call} }} }}
""", "call")
    assert code == (1 if finding else 0) and finding in told, told
    for word in words:
        assert word in told, told


def test_a_window_of_another_length(models):  # noqa: F811
    code, told = check(models, """
model m from "window.onnx"
rule r { from "rows" { x: number } window last 4 publish "results" { value: m(collect(.x)).outputs.y } }
""", "short-window")
    assert code == 1 and "E0310" in told and "window last 8" in told, told


def test_labels_of_another_number(models):  # noqa: F811
    code, told = check(models, """
model m from "logits.onnx" labels "healthy", "failing"
rule r { from "rows" publish "results" { value: m(.x).label } }
""", "labels")
    assert code == 1 and "E0708" in told and "2" in told and "3" in told, told


def values(models, name, messages):  # noqa: F811
    """What a rule makes of the model's answers, -1 where there is none; a rule beside it must see every message."""
    rules = models / f"{name}.rules"
    rules.write_text(f"""
model m from "{name}.onnx"
rule r {{ from "rows" publish "value" {{ value: m(.x).value ?? -1 }} }}
{NEIGHBOUR}""")
    outputs = replay(rules, [{"row": row, "x": x} for row, x in enumerate(messages)])
    assert [line["payload"]["row"] for line in outputs if line["topic"] == "seen"] == list(range(len(messages)))
    return [line["payload"]["value"] for line in outputs if line["topic"] == "value"]


def test_a_model_that_fails_while_it_runs(models):  # noqa: F811
    assert values(models, "throws", [0, 2, 3, 1, 99, -1]) == [10, 30, -1, 20, -1, 30]


def test_a_model_that_takes_its_time(models):  # noqa: F811
    assert values(models, "slow", [[3, 4], [0, 1], [6, 8]]) == [25, 1, 100]


def test_a_model_that_takes_too_long(models):  # noqa: F811
    (value,) = values(models, "very-slow", [[3, 4]])
    assert value in (-1, 25)
