"""The part of Velocity that the local engine evaluates, and what it leaves to others."""

import pytest

from macro.cli.engine.api_gateway.velocity import UnsupportedTemplate, evaluate, is_supported

PARAMETERS = {"name": "a%20b+c", "other": "d"}


@pytest.mark.parametrize(
    ("template", "result"),
    [
        ('{"name": "about"}', '{"name": "about"}'),
        ("", ""),
        ("$input.params('name')", "a%20b+c"),
        ('$input.params("other")', "d"),
        ("$input.params('missing')", ""),
        ("$util.urlDecode($input.params('name'))", "a b c"),
        ("$util.urlDecode('caf%C3%a9')", "café"),
        ("$util.escapeJavaScript('/\"\\')", '\\/\\"\\\\'),
        ("#set($x = $input.params('other'))\n[$x, $x]", "[d, d]"),
        ("#set($x = 'a+b')$x.replaceAll(\"[+]\", '-')!", "a-b!"),
        ("'$input.params('other')'", "'d'"),
    ],
)
def test_a_template_is_evaluated(template, result):
    assert evaluate(template, PARAMETERS) == result


@pytest.mark.parametrize(
    "template",
    [
        "$input.json('$')", "$input.body", "$context.stage", "$util.base64Encode('a')", "#if($x)a#end", "$unknown", "5 $", "#",
        "#set($x = 5)", "$input.params('name'", "$input.params(name)", "$input.params()", "$util.urlDecode(\"$x\")",
        "$input.params('name').replaceAll('a')", "$input.params('name').toUpperCase()", "$input", "#set($x = 'a'",
    ],
)  # fmt: skip
def test_another_template_is_not_supported(template):
    assert not is_supported(template)
    with pytest.raises(UnsupportedTemplate):
        evaluate(template, PARAMETERS)


@pytest.mark.parametrize("template", ["$util.urlDecode('%')", "$input.params('name').replaceAll('(', '')"])
def test_a_template_that_always_fails_is_not_supported(template):
    assert not is_supported(template)


@pytest.mark.parametrize("text", ["%", "100%", "%zz", "%4"])
def test_a_broken_escape_is_refused_as_java_does(text):
    with pytest.raises(ValueError, match="without two hex digits"):
        evaluate("$util.urlDecode($input.params('name'))", {"name": text})
