"""Local code in templates: what is packed, under which key, and what can't be."""

import copy
import hashlib
import io
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from macro.cli.package.code_zip import MAX_UNPACKED_BYTES, CodeError, zip_code
from macro.cli.package.local_code import list_local_code, pack_local_code
from macro.errors import InvalidTemplate
from macro.expand import expand

BUCKET = {"Fn::Sub": "hitcountermacrobeta-${AWS::AccountId}-${AWS::Region}"}
COUNTER = "Transform: HitCounterMacro\nResources:\n  Visits:\n    Type: HitCounter\n    Properties:\n"


@pytest.fixture(autouse=True)
def code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "handler"
    (folder / "bin").mkdir(parents=True)
    (folder / "index.py").write_text("def handler(event, context): ...\n")
    (folder / ".env").write_text("table=\n")
    (folder / "bin" / "run").write_text("#!/bin/sh\n")
    (folder / "bin" / "run").chmod(0o700)
    return folder


def get_members(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {info.filename: oct(info.external_attr >> 16) for info in archive.infolist()}


def read_key(content):
    return f"code/{hashlib.sha256(content).hexdigest()}.zip"


def make_template(**codes):
    types = {"Visits": "HitCounter", "Own": "Custom::LambdaFunction", "Plain": "AWS::Lambda::Function"}
    resources = {name: {"Type": types[name], "Properties": {"Code": code}} for name, code in codes.items()}
    return {"Transform": "HitCounterMacroBeta", "Resources": resources}


def refuse(path):
    with pytest.raises(CodeError) as caught:
        zip_code(Path(path))
    return str(caught.value)


def test_a_folder_is_packed_with_its_env_file_and_without_what_tools_leave(code):
    for noise in ("__pycache__/index.cpython-313.pyc", ".git/HEAD", ".DS_Store", "bin/old.pyc"):
        (code / noise).parent.mkdir(exist_ok=True)
        (code / noise).write_text("noise")

    content = zip_code(code)

    assert get_members(content) == {".env": "0o100644", "bin/run": "0o100755", "index.py": "0o100644"}


def test_a_folder_gives_the_same_bytes_elsewhere_and_later(code, tmp_path):
    before = zip_code(code)
    code.rename(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "index.py").chmod(0o600)
    os.utime(tmp_path / "elsewhere" / "index.py", (1, 1))

    assert zip_code(tmp_path / "elsewhere") == before


def test_a_link_inside_the_folder_stays_a_link(code):
    (code / "bin" / "again").symlink_to("../index.py")
    (code / "tools").symlink_to("bin")

    content = zip_code(code)

    assert get_members(content)["bin/again"] == get_members(content)["tools"] == oct(stat.S_IFLNK | 0o777)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert (archive.read("bin/again"), archive.read("tools")) == (b"../index.py", b"bin")


@pytest.mark.parametrize("target", ["../secret", "/etc/hostname", "bin/../../secret"])
def test_a_link_that_leads_out_is_refused(code, target):
    (code / "leak").symlink_to(target)

    assert refuse(code) == "'leak' in it is a link that leads out of the folder; put a copy there instead"


def test_a_zip_is_taken_as_it_is(tmp_path):
    with zipfile.ZipFile(tmp_path / "code.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("index.py", "x = 1\n")

    assert zip_code(tmp_path / "code.zip") == (tmp_path / "code.zip").read_bytes()


def test_a_file_alone_is_packed_by_its_name(code):
    assert get_members(zip_code(code / "index.py")) == {"index.py": "0o100644"}


def test_a_file_that_is_neither_is_refused(code):
    os.mkfifo(code / "pipe")

    assert refuse(code) == "'pipe' in it is neither a file nor a folder; remove it"


def test_a_pipe_is_no_code(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    assert refuse("pipe") == "is neither a file nor a folder; name one that holds the function's code"


def test_a_file_named_by_a_link_is_packed_itself(code):
    (code / "link.py").symlink_to(code / "index.py")
    (code / "linked").symlink_to(code / "bin")

    assert get_members(zip_code(code / "link.py")) == {"link.py": "0o100644"}
    assert get_members(zip_code(code / "linked")) == {"run": "0o100755"}


def test_a_name_that_is_no_text_is_refused(code):
    Path(os.fsdecode(os.fsencode(code) + b"/\xff")).write_text("")

    assert refuse(code) == r"has a file whose name is not UTF-8, b'\xff'; rename it"


def test_an_empty_folder_is_refused(tmp_path):
    (tmp_path / "empty" / "inside").mkdir(parents=True)

    assert refuse("empty") == "has no file in it; give a folder with the function's code"


def test_a_zip_that_is_none_is_refused(tmp_path):
    (tmp_path / "code.zip").write_text("text")

    assert refuse("code.zip").startswith("is no zip: ")


def test_more_than_lambda_takes_is_refused(code):
    with (code / "large").open("wb") as file:
        file.truncate(MAX_UNPACKED_BYTES)
    size = sum(path.stat().st_size for path in code.rglob("*") if path.is_file())

    assert (
        refuse(code) == f"has {size:,} bytes unpacked; Lambda takes at most 262,144,000: leave out what is not needed"
    )


def test_a_zip_that_unpacks_to_more_than_lambda_takes_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "code.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for place in range(26):
            archive.writestr(f"{place}", bytes(10 * 1024**2))

    assert (
        refuse("code.zip")
        == "has 272,629,760 bytes unpacked; Lambda takes at most 262,144,000: leave out what is not needed"
    )


@pytest.mark.thorough
def test_more_files_than_a_zip_holds_are_refused(tmp_path):
    (tmp_path / "many").mkdir()
    for place in range(65_536):
        os.mknod(tmp_path / "many" / str(place))

    assert refuse("many") == "has 65,536 files; a zip that Lambda takes has at most 65,535"


def test_a_name_that_is_too_long_is_refused():
    assert refuse("x" * 300) == f"'{'x' * 300}' can't be read: File name too long"


def test_code_of_each_type_becomes_a_key_in_the_installations_bucket(code, tmp_path):
    template = make_template(Visits="./handler", Own="handler/index.py", Plain=str(code))
    before = copy.deepcopy(template)
    whole, single = zip_code(code), zip_code(code / "index.py")

    packed, uploads, _ = pack_local_code(template, tmp_path, "Beta")

    assert {name: resource["Properties"]["Code"] for name, resource in packed["Resources"].items()} == {
        "Visits": {"S3Bucket": BUCKET, "S3Key": read_key(whole)},
        "Own": {"S3Bucket": BUCKET, "S3Key": read_key(single)},
        "Plain": {"S3Bucket": BUCKET, "S3Key": read_key(whole)},
    }
    assert [(upload.path, upload.key, upload.content) for upload in uploads] == [
        (tmp_path / "handler", read_key(whole), whole),
        (tmp_path / "handler" / "index.py", read_key(single), single),
    ]
    assert template == before


@pytest.mark.parametrize(
    "code",
    [
        "s3://bucket/key",
        "s3:/bucket",
        "",
        {"S3Bucket": "b", "S3Key": "k"},
        {"ZipFile": "x"},
        {"Fn::If": ["C", "a", "b"]},
    ],
    ids=str,
)
def test_other_code_stays_as_it_is(code, tmp_path):
    template = make_template(Visits=code, Plain=code)

    packing = pack_local_code(template, tmp_path, "")

    assert packing.template is template
    assert packing == (template, (), ())


def test_the_files_that_a_template_packs_are_listed_before_they_are_there(tmp_path):
    for name in ("index.py", "inner/more.py", "__pycache__/index.pyc"):
        (tmp_path / "own" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "own" / name).touch()
    template = make_template(Visits="gone", Own="./own", Plain="s3://bucket/key")

    files = list_local_code(template, tmp_path)

    assert sorted(files) == [tmp_path / "gone", tmp_path / "own" / "index.py", tmp_path / "own" / "inner" / "more.py"]


@pytest.mark.parametrize(
    "template", [{}, {"Resources": None}, {"Resources": {"A": None, "B": {"Type": "HitCounter", "Properties": []}}}]
)
def test_what_is_no_template_is_left_to_others_to_refuse(template, tmp_path):
    assert pack_local_code(template, tmp_path, "") == (template, (), ())


def test_all_code_that_can_not_be_packed_is_told_at_once(tmp_path):
    packing = pack_local_code(make_template(Visits="gone", Plain="gone", Own="handler"), tmp_path, "")

    assert [str(problem) for problem in packing.problems] == [
        "Resources.Visits.Properties.Code: 'gone': there is no such file or folder; code in S3 is named 's3://bucket/key'",
        "Resources.Plain.Properties.Code: 'gone': there is no such file or folder; "
        "code in S3 is named 's3://bucket/key'",
    ]


def test_templates_without_local_code_start_without_zips(command):
    Path("compact.yaml").write_text(COUNTER + "      Code: s3://bucket/key\n")
    program = (
        "import sys; from macro.cli.main import main; main(['expand', 'compact.yaml']); print('zipfile' in sys.modules)"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])}

    run = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True)

    assert run.stdout.endswith("\nFalse\n")


def test_expand_shows_what_is_deployed_and_keeps_every_other_byte(command, code):
    (code.parent / "sub").mkdir()
    key = read_key(zip_code(code))
    Path("sub/compact.yaml").write_text(
        "Resources:\n  Plain:\n    Type: AWS::Lambda::Function # one\n    Properties:\n"
        "      Runtime:   'python3.13'\n      Code: ../handler  # two\n      Handler: \"index.handler\"\n"
        "  Flow: {Type: 'Custom::LambdaFunction', Properties: {Code: \"../handler\",  A: b}}\n"
    )

    assert command("expand", "sub/compact.yaml") == (
        0,
        "Resources:\n  Plain:\n    Type: AWS::Lambda::Function # one\n    Properties:\n      Runtime:   'python3.13'\n"
        "      Code:\n        S3Bucket: !Sub hitcountermacro-${AWS::AccountId}-${AWS::Region}\n"
        f'        S3Key: {key}  # two\n      Handler: "index.handler"\n'
        "  Flow: {Type: 'Custom::LambdaFunction', Properties: {Code: {S3Bucket: !Sub "
        f'"hitcountermacro-${{AWS::AccountId}}-${{AWS::Region}}", S3Key: {key}}},  A: b}}}}\n',
        "",
    )


def test_a_counters_code_goes_into_its_function(command, code):
    Path("compact.json").write_text(
        '{"Transform": "HitCounterMacro", "Resources": {"Visits": {"Type": "HitCounter", '
        '"Properties": {"Code": "handler"}}}}'
    )

    result, out, err = command("expand", "compact.json")

    assert (result, err) == (0, "")
    assert f'"S3Key": "{read_key(zip_code(code))}"' in out


def test_code_of_a_template_from_stdin_is_beside_the_reader(command, code, monkeypatch):
    text = COUNTER + "      Code: handler\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    result, out, err = command("expand", "-")

    assert (result, err) == (0, "")
    assert read_key(zip_code(code)) in out


@pytest.mark.parametrize(
    ("name", "end"), [("expand", "nothing was written"), ("lint", "cfn-lint runs once the template has none")]
)
def test_missing_code_is_told_with_all_other_problems_at_the_authors_line(command, name, end):
    Path("compact.yaml").write_text(COUNTER + "      Code: ./handlers\n      Shards: 0\n")

    assert command(name, "compact.yaml") == (
        1,
        "",
        "compact.yaml:6:13: Resources.Visits.Properties.Code: './handlers': there is no such file or folder; "
        "code in S3 is named 's3://bucket/key'\n"
        "    6 |       Code: ./handlers\n      |             ^\n"
        "compact.yaml:7:15: Resources.Visits.Properties.Shards: must be an integer from 1 to 64, got 0\n"
        "    7 |       Shards: 0\n      |               ^\n"
        f"2 problems; {end}\n",
    )


def test_lint_looks_at_a_template_with_local_code(command):
    Path("compact.yaml").write_text(
        COUNTER + "      Code: handler\n"
        "  Plain:\n    Type: AWS::Lambda::Function\n    Properties:\n      Code: handler\n      Runtime: python3.13\n"
        "      Role: arn:aws:iam::123456789012:role/x\n      Handler: index.handler\n      MemorySize: 1\n"
    )

    result, out, err = command("lint", "compact.yaml", "--format", "parseable")

    assert (result, err) == (1, "")
    assert out.startswith("compact.yaml:14:7:14:17:E3034:")
    assert out.count("\n") == 1


@pytest.mark.parametrize("path", ["./handler", "s3:/bucket/key"])
def test_the_macro_itself_takes_no_local_path(path):
    with pytest.raises(InvalidTemplate) as caught:
        expand(make_template(Visits=path))

    assert str(caught.value) == (
        "Resources.Visits.Properties.Code: must be 's3://bucket/key' "
        f"(a local path is uploaded by 'hitcounter deploy'), got '{path}'"
    )
