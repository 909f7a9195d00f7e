"""The program beside a second reading of the contract (Tests/Oracle): the corpus, and programs made at random.

A program that fails is shown whole, a random one as small as it could be made.
"""

import concurrent.futures
import json
import pathlib
import sys

import pytest
from conftest import PROJECT, binary, sluice

sys.path.insert(0, str(PROJECT / "Tests" / "Oracle"))

import corpus.all  # noqa: E402
import corpus.refused  # noqa: E402
from oracle import compare, generate  # noqa: E402

RANDOM_PROGRAMS = 220


def verdicts(cases):
    """What differs, by name. Replays run side by side: each is a process of a few milliseconds."""
    program = binary()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda case: (case.name, compare.difference(program, case)), cases)
        return {name: problem for name, problem in found if problem}


def test_corpus():
    cases = corpus.all.cases()
    assert len({case.name for case in cases}) == len(cases) > 400
    by_name = {case.name: case for case in cases}
    for name, problem in verdicts(cases).items():
        print(f"--- {name}\n{compare.shown(by_name[name])}\n{problem}")
        pytest.fail(f"{name}: {problem}", pytrace=False)


def test_random_programs():
    programs = dict(generate.programs(1, RANDOM_PROGRAMS))
    problems = verdicts([program.case(str(seed)) for seed, program in programs.items()])
    refused = {seed for seed, problem in problems.items() if problem.startswith("exit 1")}
    assert len(refused) < RANDOM_PROGRAMS / 4, "most random programs must pass the checker"
    for seed in problems.keys() - refused:
        small = generate.shrink(programs[int(seed)], lambda one: differs(one) is not None)
        pytest.fail(f"seed {seed}\n{compare.shown(small.case(seed))}\n{small.options}\n{differs(small)}", pytrace=False)


def differs(program):
    problem = compare.difference(binary(), program.case("random"))
    return None if problem is None or problem.startswith("exit 1") else problem


@pytest.mark.parametrize("wanted", [False, True], ids=["refused", "accepted"])
def test_check(wanted, tmp_path):
    programs = corpus.refused.ACCEPTED if wanted else corpus.refused.REFUSED
    wrong = {}
    for place, (name, text) in enumerate(programs.items()):
        path = pathlib.Path(tmp_path / f"{place}.rules")
        path.write_text(text, encoding="utf-8")
        result = sluice("check", "--format", "json", path)
        findings = json.loads(result.stdout)["diagnostics"]
        errors = [finding for finding in findings if finding["severity"] == "error"]
        assert result.returncode == (1 if errors else 0), result.stderr
        if any(finding["code"] == "E0901" for finding in errors):
            continue
        if wanted != (not errors):
            wrong[name] = (text, findings)
    assert not wrong
