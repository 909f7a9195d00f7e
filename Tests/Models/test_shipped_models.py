"""The shipped models, and the recipe for process faults, are what their scripts make of the data that they have."""

import os
import pathlib
import subprocess
import sys

import numpy as np
import onnx
import pytest
from model_cases import open_session
from program import binary, environment, sluice

PROJECT = pathlib.Path(__file__).resolve().parents[2]
MODELS = PROJECT / "rules/models"
PROCESS = PROJECT.parent / "shared/data/tep"
LARGEST = 200_000


def shipped():
    return sorted(MODELS.glob("*/*.onnx"))


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def test_a_shipped_model_is_small_sound_and_for_old_runtimes(path):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert path.stat().st_size <= LARGEST and model.ir_version <= 9


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def test_its_script_makes_it_again(path, tmp_path):
    (script,) = path.parent.glob("train_*.py")
    again = tmp_path / path.name
    subprocess.run([sys.executable, script, again], check=True, capture_output=True, timeout=120)
    # Bytes are the same on one machine; another one's processor may round the last digits of the training otherwise.
    shipped, made = open_session(path), open_session(again)
    random = np.random.default_rng(0)
    rows = {value.name: random.uniform(1, 5, (50, value.shape[1])).astype(np.float32) for value in shipped.get_inputs()}
    for one, other in zip(shipped.run(None, rows), made.run(None, rows), strict=True):
        assert one.shape == other.shape and np.allclose(one, other, atol=0.1)


def test_the_shipped_rules_give_what_their_tests_say():
    result = sluice("test", MODELS)
    assert result.returncode == 0, result.stdout + result.stderr


def test_faults_of_a_process_are_found_early_and_rarely_without_reason(capsys):
    if not (PROCESS / "d00.dat").exists():
        pytest.skip(f"{PROCESS} has no d00.dat: the recordings of the process are not here")
    script = PROJECT / "Benchmarks/process-faults/process-faults"
    result = subprocess.run(
        [sys.executable, script, PROCESS], capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, **environment(), "SLUICE_BINARY": binary()})
    with capsys.disabled():
        print(f"\n{result.stdout}")
    assert result.returncode == 0, result.stderr
