"""`sluice bench rules`: that it measures what it names; how fast is for Benchmarks/, not for a test."""

import json

from conftest import sluice


def test_each_scenario_runs_and_decides():
    result = sluice("bench", "rules", "--seconds", "0.03", "--format", "json")
    assert result.returncode == 0, result.stderr
    scenarios = {row["scenario"]: row for row in json.loads(result.stdout)["scenarios"]}
    assert len(scenarios) >= 14
    assert all(row["per_second"] > 0 and row["messages"] > 0 for row in scenarios.values())
    # About one value in a hundred is above 99, and each of a hundred rules looks at it.
    hot = scenarios["filter on one field"]
    assert 0.005 < hot["outputs"] / hot["messages"] < 0.02
    hundred = scenarios["100 filters on one topic"]
    assert hundred["outputs"] / hundred["messages"] > 0.5


def test_wrong_use():
    assert sluice("bench", "rules", "--only", "nothing of the kind").returncode == 2
    assert sluice("bench", "rules", "--seconds", "0").returncode == 2
