"""The author's text: what doesn't change stays to the byte, what does means what was expanded."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macro.cli.preview.preview import preview
from macro.cli.text.edit import edit_text, print_template
from macro.cli.text.files import parse_source
from macro.plugins import find_plugin

HEAD = "# head\nTransform: HitCounterMacro # ours\nDescription:   'kept'   # as it is\nResources:\n"
COUNTER = "  Visits:\n    Type: HitCounter\n"


def expand(text):
    source = parse_source("t.yaml", text)
    plain = preview(source.template, {}, find_plugin)
    return source, plain


def edit(text):
    source, plain = expand(text)
    result = edit_text(source, plain)
    assert result is not None, "written anew as a whole"
    assert parse_source("t.yaml", result).template == plain.template
    return result


def get_kept(before, after):
    """The lines of ``before`` that ``after`` has not, in order."""
    remaining = after.split("\n")
    return [line for line in before.split("\n") if line not in remaining]


@pytest.mark.parametrize(
    "value",
    [
        "!GetAtt Visits.Url",
        "!GetAtt [Visits, Url]",
        '!Sub "${Visits.Url} x"',
        "!Sub '${Visits.Url} x'",
        "!Sub ${Visits.Url}",
        "{Ref: Visits}",
        '[!Ref Visits, {a: !GetAtt Visits.TableArn}, "b"]',
        "!Join [',', [!Ref Visits]]",
        "!If [C, !Ref Visits, !Ref AWS::NoValue]",
        "\n      Ref: Visits",
        "\n      Fn::GetAtt:\n        - Visits   # first\n        - Url",
        "\n      - !Ref Visits\n      # between\n      - kept",
        "!Sub |\n      a ${Visits.Url}\n\n      b",
        "!Sub >-\n      a ${Visits.Url}\n      b",
        "!Sub\n      - ${x} ${Visits.Url}\n      - x: !Ref Visits",
        "!Join\n      - ','\n      - - !Ref Visits\n        - b",
    ],
)
def test_a_reference_in_any_layout_is_the_only_thing_that_changes(value):
    before = f"{HEAD}{COUNTER}\n\n# tail\nOutputs:\n  Other: {{Value:   'x'}}  # kept\n  Url:\n    Value: {value}   # end\n  Last: {{Value: \"y\"}}\n"

    after = edit(before)

    changed = {"Transform: HitCounterMacro # ours", "  Visits:", "    Type: HitCounter"}
    kept = [line for line in get_kept(before, after) if line not in changed]
    assert all(any(word in line for word in ("Visits", "Url", "Ref", "GetAtt", "Value:")) for line in kept)
    assert after.startswith("# head\nDescription:   'kept'   # as it is\nResources:\n  VisitsTable:\n")
    assert after.endswith('  Last: {Value: "y"}\n')


@pytest.mark.parametrize("end", ["", "\n", "\n\n", "\n# end", "\n...\n"])
def test_the_end_of_the_file_stays_as_it_is(end):
    after = edit(f"{HEAD}{COUNTER.rstrip()}{end}")

    assert after.endswith(f"prod/GET/*{end}")


def test_line_ends_are_the_authors():
    text = f"{HEAD}{COUNTER}Outputs:\n  Url: {{Value: !Ref Visits}}\n".replace("\n", "\r\n")

    after = edit(text)

    assert "\n" not in after.replace("\r\n", "")


def test_indentation_is_the_authors():
    after = edit("Transform: HitCounterMacro\nResources:\n     Visits:\n          Type: HitCounter\n")

    assert "\n     VisitsTable:\n          Type: AWS::DynamoDB::Table\n          DeletionPolicy: Retain\n" in after


def test_characters_beyond_the_basic_plane_shift_nothing():
    after = edit(
        f"# 👋 数\nTransform: HitCounterMacro\nDescription: 👋 é\nResources:\n{COUNTER}Outputs:\n  A: {{Value: !Ref Visits}} # 👋\n"
    )

    assert after.startswith("# 👋 数\nDescription: 👋 é\nResources:\n  VisitsTable:")
    assert after.endswith('/prod"} # 👋\n')


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Transform: HitCounterMacro", ""),
        ("Transform: [HitCounterMacro]", ""),
        ("Transform:\n  - HitCounterMacro", ""),
        ("Transform:\n  Name: HitCounterMacro", ""),
        ("Transform: [AWS::LanguageExtensions, HitCounterMacro]  # a", "Transform: [AWS::LanguageExtensions]  # a\n"),
        (
            "Transform:   # a\n  - HitCounterMacro\n  - AWS::LanguageExtensions",
            "Transform:   # a\n  - AWS::LanguageExtensions\n",
        ),
    ],
)
def test_only_our_transform_goes(before, after):
    assert edit(f"{before}\nResources:\n{COUNTER}").partition("Resources:")[0] == after


def test_a_depends_on_that_is_implied_goes_with_its_line():
    text = f"{HEAD}{COUNTER}  Stage2:\n    Type: AWS::ApiGateway::Stage\n    DependsOn: Visits\n"
    properties = "    Properties:\n      Variables:\n        A: !GetAtt Visits.Url\n        B: !Ref VisitsPolicy\n"

    after = edit(text + properties)

    assert (
        "    Type: AWS::ApiGateway::Stage\n    DependsOn: [VisitsStage, VisitsPermission]\n    Properties:\n" in after
    )


COMPANION = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:HitCounterMacro-Companion"
FLOW = f'ServiceToken: !Sub "{COMPANION}", ServiceTimeout: 600'
BLOCK = f"      ServiceToken: !Sub {COMPANION}\n      ServiceTimeout: 600\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            "  A: {Type: Custom::LambdaFunction} # a\n",
            f"  A: {{Type: Custom::LambdaFunction, Properties: {{{FLOW}}}}} # a\n",
            id="flow style without properties",
        ),
        pytest.param(
            "  A: {Type: Custom::LambdaFunction, Properties: {Code: s3://a/b,}} # a\n",
            f"  A: {{Type: Custom::LambdaFunction, Properties: {{Code: s3://a/b, {FLOW},}}}} # a\n",
            id="flow style with a last comma",
        ),
        pytest.param(
            "  A:\n    Type: Custom::LambdaFunction # a\n\n    # b\n",
            f"  A:\n    Type: Custom::LambdaFunction # a\n    Properties:\n{BLOCK}\n    # b\n",
            id="a comment on the last line",
        ),
        pytest.param(
            "  A:\n    Type: Custom::LambdaFunction\n    Properties: { } # a\n",
            f"  A:\n    Type: Custom::LambdaFunction\n    Properties: {{{FLOW}}} # a\n",
            id="empty properties",
        ),
        pytest.param(
            "  A:\n    Properties:\n      Description: |\n        a\n\n        b\n    Type: Custom::LambdaFunction\n",
            f"  A:\n    Properties:\n      Description: |\n        a\n\n        b\n{BLOCK}    Type: Custom::LambdaFunction\n",
            id="a block scalar at the end",
        ),
        pytest.param(
            "  A:\n    Type: Custom::LambdaFunction\n    Properties:\n      Env: {a: '#'} # b",
            f"  A:\n    Type: Custom::LambdaFunction\n    Properties:\n      Env: {{a: '#'}} # b\n{BLOCK}".rstrip("\n"),
            id="the end of the file",
        ),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_properties_that_a_custom_resource_lacks_are_added_behind_its_own(before, after, line_end):
    head = f"Transform: HitCounterMacro{line_end}Resources:{line_end}"
    edited = edit(head + before.replace("\n", line_end))
    assert edited == f"Resources:{line_end}" + after.replace("\n", line_end)


@pytest.mark.parametrize(
    "text",
    [
        "{Transform: HitCounterMacro, Resources: {Visits: {Type: HitCounter}}}",
        f"Transform: &t HitCounterMacro\nResources:\n{COUNTER}Outputs:\n  A: {{Value: !Ref Visits, Description: *t}}\n",
        "Transform: HitCounterMacro\nResources:\n  A: &a\n    Type: HitCounter\n  B:\n    <<: *a\n",
    ],
    ids=["flow at the top", "alias", "merge key"],
)
def test_what_has_no_small_edit_is_written_anew_and_means_the_same(text):
    source, plain = expand(text)

    assert edit_text(source, plain) is None
    assert parse_source("t.yaml", print_template(source, plain)).template == plain.template


@pytest.mark.parametrize("form", ["yaml", "json", None])
@pytest.mark.parametrize("indent", [None, 2, 4])
def test_json_comes_out_as_json_unless_told(form, indent):
    template = {"Transform": "HitCounterMacro", "Description": "ü", "Resources": {"Visits": {"Type": "HitCounter"}}}
    source = parse_source("t.json", json.dumps(template, indent=indent))
    plain = preview(source.template, {}, find_plugin)

    text = print_template(source, plain, form)

    assert parse_source("t", text).template == plain.template
    assert text.startswith("{") == (form != "yaml")
    assert "ü" in text


PARTS = [
    "  Topic{n}:\n    Type: AWS::SNS::Topic\n    Properties: {{DisplayName: !Sub '{n} ${{Visits.TableName}}'}} # c{n}\n",
    "\n  # note {n}\n  Queue{n}:\n    Type: AWS::SQS::Queue\n    DependsOn: Visits\n    DeletionPolicy: Delete\n",
    "  Param{n}:\n    Type: AWS::SSM::Parameter\n    Properties:\n      Type: String\n      Value: !Sub |\n        ${{Visits.Url}}\n        x\n",
    "  Hits{n}: {{Type: HitCounter, Properties: {{Env: {{A: !GetAtt Visits.Url, B: \"b\"}}}}}}   # flow {n}\n",
    "  Plain{n}:\n    Type: Custom::Thing\n    Properties:\n      ServiceToken: !GetAtt Visits.FunctionArn\n      List:\n      - !Ref Visits\n      - k: v\n        w: [1, 2]\n",
]  # fmt: skip


@given(st.lists(st.sampled_from(PARTS), max_size=8), st.integers(0, 2**16))
def test_any_mix_of_parts_is_edited_in_place(parts, seed):
    blocks = [part.format(n=n) for n, part in enumerate(parts)]
    blocks.insert(random.Random(seed).randrange(len(blocks) + 1), COUNTER)
    before = HEAD + "".join(blocks)

    after = edit(before)

    comments = [line.rpartition("#")[2] for line in before.split("\n") if "#" in line and "ours" not in line]
    assert [line.rpartition("#")[2] for line in after.split("\n") if "#" in line] == comments
