"""The shipped rules and the library: their own tests pass, they are in one form, and nothing is found in them."""

import pathlib

from conftest import sluice

RULES = pathlib.Path(__file__).resolve().parents[2] / "rules"


def test_their_tests_pass():
    result = sluice("test", RULES)
    assert result.returncode == 0, result.stdout
    assert "failed" not in result.stdout


def test_each_file_has_a_comment_and_tests():
    files = sorted(RULES.glob("**/*.rules"))
    assert len(list(RULES.glob("library/*.rules"))) >= 15
    for file in files:
        text = file.read_text()
        assert text.startswith("# "), file
        assert "\ntest \"" in text, file


def test_they_are_in_one_form_and_sound():
    assert sluice("fmt", "--check", RULES).returncode == 0
    result = sluice("check", RULES)
    assert result.returncode == 0 and "warning" not in result.stdout, result.stdout
