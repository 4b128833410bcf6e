"""Any YAML or JSON gives a plain template or messages, and never a traceback, within limits of time and memory."""

import io
import json
import random
from contextlib import redirect_stderr, redirect_stdout

import pytest

from macro.cli.lint.marks import keep_marks, mark_source
from macro.cli.main import main
from macro.cli.preview.preview import preview
from macro.cli.text.files import parse_source
from macro.errors import MacroError
from macro.plugins import find_plugin
from tests.faults.fuzz.limits import Limits
from tests.faults.fuzz.template_texts import HOSTILE, make_text


def expand(file, *options):
    """Run ``expand`` in this process: (exit code, output, messages)."""
    output, messages = io.StringIO(), io.StringIO()
    with redirect_stdout(output), redirect_stderr(messages):
        code = main(["expand", str(file), *options])
    return code, output.getvalue(), messages.getvalue()


def check(file, text, limits, *options):
    """Whether the text was expanded. Asserts that expanding the result again changes nothing."""
    file.write_bytes(text.encode())
    code, output, messages = limits.time(expand, file, *options)
    assert code in (0, 1)
    if code:
        assert output == ""
        assert messages.startswith((str(file), "the template"))
        assert "Traceback" not in messages
        return False
    if options:
        json.loads(output, parse_constant=pytest.fail)
    file.write_bytes(output.encode())
    again = expand(file, *options)
    assert again[:2] == (0, output), again[2]
    return True


def read_as_lint_does(text):
    """Do what ``lint`` does before cfn-lint's rules: read, mark and expand the template, and keep the marks."""
    try:
        compact = mark_source(parse_source("template", text.removeprefix("\ufeff"))).template
        keep_marks(preview(compact, {}, find_plugin), compact)
    except (MacroError, RecursionError):
        return


def fuzz(seed, count, file):
    """Expand ``count`` damaged templates, and return the number of successes."""
    chance, expanded = random.Random(seed), 0
    with Limits() as limits:
        for _ in range(count):
            text = make_text(chance)
            options = chance.choice(((), (), ("--format", "json")))
            try:
                expanded += check(file, text, limits, *options)
                if chance.random() < 0.1:
                    limits.time(read_as_lint_does, text)
            except Exception:
                print(f"The template was {text!r}")
                raise
    print(limits.summary)
    return expanded


@pytest.mark.thorough
def test_any_template_is_expanded_or_reported(tmp_path, tally):
    expanded = fuzz(1, 1_500, tmp_path / "template.yaml")

    assert 100 < expanded < 1_400
    tally("templates fuzzed", 1_500)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_template_is_expanded_or_reported(text, tmp_path):
    with Limits() as limits:
        check(tmp_path / "template.yaml", text, limits)
        limits.time(read_as_lint_does, text)

    assert limits.inputs


@pytest.mark.fuzz
def test_many_templates_are_expanded_or_reported(tmp_path, tally):
    assert fuzz(2, 20_000, tmp_path / "template.yaml")

    tally("templates fuzzed", 20_000)
