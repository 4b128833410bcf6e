"""Random damage to the templates of golden cases and samples, as text and as data."""

import json
from pathlib import Path

from macro.cli.text.files import FileError, parse_source
from tests.faults.fuzz.json_values import change

ROOT = Path(__file__).parents[3]
TEMPLATES = [
    path.read_text("utf-8")
    for path in sorted(
        [*ROOT.glob("tests/golden/*/compact.*"), *ROOT.glob("samples/*.yaml"), *ROOT.glob("samples/*/*.yaml")]
    )
    if path.suffix in (".yaml", ".json") and path.stat().st_size < 6_000
]
TOKENS = (
    *(
        "Visits",
        "HitCounter",
        "HitCounterMacro",
        "Type: HitCounter",
        "!Ref Visits",
        "!GetAtt Visits.Url",
        "!Sub '${Visits.Url}'",
    ),
    *(
        "!Sub ['${A}', {A: !Ref Visits}]",
        "!If [C, 1, 2]",
        "Fn::Transform",
        "Fn::If",
        "Fn::ForEach::X",
        "Ref",
        "DependsOn",
    ),
    *(
        "&a",
        "*a",
        "&a [*a]",
        "&a {x: *a}",
        "<<: *a",
        "<<: [*a, *a]",
        "<<",
        "? [a]",
        "? {a: b}",
        ": ",
        "- - - -",
        "|",
        ">-",
        "'",
        '"',
    ),
    *(
        "!!int ''",
        "!!int x",
        "!!bool x",
        "!!float 1:2",
        "!!null x",
        "!!binary aGk=",
        "!!set {a}",
        "!!python/object:os.system",
        "!Odd",
    ),
    *(
        "!<tag:x> y",
        "!",
        "!!str 1",
        "%YAML 1.1",
        "---",
        "...",
        ".nan",
        ".inf",
        "-.INF",
        "0x" + "f" * 4_000,
        "1" * 5_000,
        "1:" * 99,
    ),
    *(
        "2026-01-02",
        "2026-01-02T03:04:05Z",
        "1e999",
        "1.0e+999",
        "0o17",
        "017",
        "1_0",
        "~",
        "null",
        "=",
        "yes",
        "NO",
        "12_",
        "_",
    ),
    *(
        "\0",
        "\x07",
        "\x85",
        "\u2028",
        "\ufeff",
        "\ufffe",
        "\U0001f600",
        "\x7f",
        "\t",
        "\r",
        "\r\n",
        "\n",
        "\n\n",
        " ",
        "    ",
    ),
    *(
        '"\\ud800"',
        '"\\ud83d\\ude00"',
        '"\\0"',
        '"\\x41"',
        '"\\U00110000"',
        "\\",
        "#",
        " # x",
        ",",
        "]",
        "}",
        "[",
        "{",
        "{}",
        "[]",
    ),
    *(
        "[" * 60,
        "{a: " * 60,
        "[" * 1_200,
        "- " * 1_200,
        "x" * 20_000,
        "Env: {A: '1'}",
        "Stages: [a, b]",
        "Shards: 3",
        "Path: a/{name}",
    ),
)


def make_text(chance):
    """A damaged template. Most results can still be parsed."""
    kind = chance.randrange(5)
    if kind == 0:
        return _as_json(chance)
    lines = chance.choice(TEMPLATES).split("\n")
    for _ in range(chance.choice((1, 1, 2, 4))):
        chance.choice(IN_LINES)(lines, chance)
    return "\n".join(lines)


def _as_json(chance):
    data = chance.choice(TEMPLATES_AS_DATA)
    try:
        text = json.dumps(change(data, chance), indent=chance.choice((None, 2)), ensure_ascii=chance.random() < 0.5)
    except RecursionError:
        return "{"
    return text.encode("utf-8", "replace").decode("utf-8")


def _insert_token(lines, chance):
    at = chance.randrange(len(lines))
    place = chance.randrange(len(lines[at]) + 1)
    lines[at] = lines[at][:place] + chance.choice(TOKENS) + lines[at][place:]


def _replace_value(lines, chance):
    at = chance.randrange(len(lines))
    name, colon, _ = lines[at].partition(":")
    lines[at] = f"{name}{colon} {chance.choice(TOKENS)}"


def _replace_name(lines, chance):
    at = chance.randrange(len(lines))
    name, colon, value = lines[at].partition(":")
    indent = name[: len(name) - len(name.lstrip())]
    lines[at] = f"{indent}{chance.choice(TOKENS)}{colon}{value}"


def _copy_lines(lines, chance):
    start, at = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[at:at] = lines[start : start + chance.randrange(1, 6)]


def _cut_lines(lines, chance):
    at = chance.randrange(len(lines))
    lines[at : at + chance.randrange(1, 4)] = [""]


def _indent(lines, chance):
    at = chance.randrange(len(lines))
    lines[at] = lines[at].lstrip() if chance.random() < 0.3 else " " * chance.choice((1, 2, 4)) + lines[at]


def _take_from_another(lines, chance):
    other = chance.choice(TEMPLATES).split("\n")
    start, at = chance.randrange(len(other)), chance.randrange(len(lines))
    lines[at:at] = other[start : start + chance.randrange(1, 10)]


def _change_a_character(lines, chance):
    at = chance.randrange(len(lines))
    place = chance.randrange(len(lines[at]) + 1)
    new = chance.choice((chr(chance.randrange(128)), chr(chance.randrange(0xD800)), ""))
    lines[at] = lines[at][:place] + new + lines[at][place + 1 :]


IN_LINES = (
    *(_insert_token, _insert_token, _replace_value, _replace_value, _replace_name, _copy_lines, _cut_lines, _indent),
    *(_take_from_another, _change_a_character),
)


def _data_of(texts):
    for text in texts:
        try:
            yield parse_source("template", text).template
        except (FileError, RecursionError):
            continue


TEMPLATES_AS_DATA = list(_data_of(TEMPLATES))

LAUGHS = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
MERGES = "a0: &a0 {x0: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}], x{n}: 1}}\n" for n in range(1, 40))
COUNTER = "Transform: HitCounterMacro\nResources:\n  Visits:\n    Type: HitCounter\n"
HOSTILE = {
    "billion laughs": LAUGHS,
    "merged laughs": MERGES,
    "laughs in a template": f"{COUNTER}Metadata:\n  " + LAUGHS.replace("\n", "\n  "),
    "deep flow": "[" * 100_000,
    "deep maps": "{a: " * 50_000,
    "deep block": "\n".join(f"{' ' * level}a:" for level in range(1_500)),
    "deep dashes": "- " * 100_000,
    "deep questions": "? " * 50_000,
    "deep JSON": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "huge key": f"{COUNTER}Metadata: {{? {'x' * 500_000} : 1}}\n",
    "huge text": f"{COUNTER}Metadata: {{a: {'x' * 900_000}}}\n",
    "many keys": f"{COUNTER}Metadata:\n" + "".join(f"  k{n}: {n}\n" for n in range(10_000)),
    "many problems": f"{COUNTER}    Properties:\n" + "".join(f"      Odd{n}: {n}\n" for n in range(1_000)),
    "many duplicates": f"{COUNTER}Metadata:\n" + "  same: 1\n" * 3_000,
    "many counters": "Transform: HitCounterMacro\nResources:\n"
    + "".join(f"  V{n}: {{Type: HitCounter}}\n" for n in range(600)),
    "many anchors": f"{COUNTER}Metadata:\n" + "".join(f"  k{n}: &a{n} {n}\n" for n in range(5_000)),
    "many tags": f"{COUNTER}Metadata:\n" + "".join(f"  k{n}: !T{n} {n}\n" for n in range(5_000)),
    "a long Sub": f"{COUNTER}Outputs: {{O: {{Value: !Sub '{'${Visits.Url}' * 5_000}'}}}}\n",
    "an open Sub": f"{COUNTER}Outputs: {{O: {{Value: !Sub '{'${' * 100_000}'}}}}\n",
    "many references": f"{COUNTER}Outputs:\n" + "".join(f"  O{n}: {{Value: !Ref Visits}}\n" for n in range(3_000)),
    "NUL": f"{COUNTER}\0",
    "nothing": "",
    "a mark alone": "\ufeff",
    "a half in JSON": '{"Resources": {"A": "\\ud800"}}',
    "NaN in JSON": '{"Transform": "HitCounterMacro", "Resources": {"V": {"Type": "HitCounter", "Properties": {"Shards": NaN}}}}',
    "digits in JSON": '{"Resources": {"A": ' + "1" * 100_000 + "}}",
    "a key that is a list": "? [a, b]\n: 1\n",
    "dates": f"{COUNTER}Metadata: {{2026-01-02: 2026-01-02T03:04:05Z}}\n",
    "a transform in a list of a list": COUNTER.replace("HitCounterMacro", "[[{Name: HitCounterMacro}]]"),
    "conditions that are a number": f"{COUNTER}Conditions: -1\n",
    "no resources": "Outputs: {O: {Value: 1}}\n",
    "recursion": f"{COUNTER}Metadata: &a {{x: *a}}\n",
    "a directive": "%YAML 9.9\n---\na: 1\n",
}
