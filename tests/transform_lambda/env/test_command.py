import base64
import hashlib
import runpy
import stat
import sys
import zipfile

import pytest

from transform_lambda.env.command import main

ENV = b"# why\r\ntable=s3cr3t-old\r\nTOKEN='s3cr3t\r\nlines'\r\nKEPT=s3cr3t-kept\r\n#OLD=s3cr3t-comment\r\n"


def make_zip(path, env=ENV):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("index.py", "print('hello')" * 50)
        if env is not None:
            archive.writestr(".env", env)
        archive.writestr("lib/\x1b[31m.py", "")
    return path


def read_env(path, name=".env"):
    with zipfile.ZipFile(path) as archive:
        return archive.read(name)


@pytest.fixture
def code(tmp_path):
    return make_zip(tmp_path / "code.zip")


def test_the_change_is_shown_with_its_values_masked(code, capsys):
    status = main(["env", str(code), "table=s3cr3t-new", "ADDED=s3cr3t-added"])

    shown = capsys.readouterr()
    head = shown.out.split("\n\n")[0]
    assert (status, shown.err) == (0, "")
    assert head == ("--- .env\n+++ .env\n # ***\n-table=***\n+table=***\n TOKEN=***\n KEPT=***\n # ***\n+ADDED=***")
    assert "s3cr3t" not in shown.out


def test_show_values_prints_the_values(code, capsys):
    main(["env", str(code), "table=s3cr3t-new", "--show-values"])

    head = capsys.readouterr().out.split("\n\n")[0]
    assert "-table=s3cr3t-old\n+table=s3cr3t-new\n TOKEN='s3cr3t\n lines'\n KEPT=s3cr3t-kept" in head


def test_member_names_are_shown_without_control_characters(code, capsys):
    main(["env", str(code), "table=x"])

    out = capsys.readouterr().out
    assert "2 unchanged members:\n  index.py\n  lib/\\x1b[31m.py\n" in out
    assert f"size          {code.stat().st_size:,} -> " in out


def test_a_line_that_may_be_part_of_a_value_is_masked(tmp_path, capsys):
    code = make_zip(tmp_path / "code.zip", b"A=`1\ns3cr3t\n\nB=2\n")

    main(["env", str(code)])

    assert capsys.readouterr().out.startswith("--- .env\n+++ .env\n A=***\n ***\n \n ***\n\n")


@pytest.mark.parametrize("line", ["czNjcjN0LXZhbHVlLTEyMw==", "czNjcjN0LXZhbHVlMTI=", "QUJDREVGRw=="])
def test_a_line_that_may_be_the_end_of_a_base64_value_is_masked(tmp_path, capsys, line):
    code = make_zip(tmp_path / "code.zip", f"A=\nTABLE=\ntableName=\napi_url=\nTOKEN=\n{line}\n".encode())

    main(["env", str(code)])

    head = capsys.readouterr().out.split("\n\n")[0].splitlines()
    shown = [" A=***", " TABLE=***", " tableName=***", " api_url=***", " TOKEN=***"]
    assert head[2:] == [*shown, " ***"]


@pytest.mark.parametrize("env", [b'A="1\ns3cr3t=2\n', b"s3cr3t piece=1\n", b"A=1\n  # s3cr3t=1\n", b"#A='\n#s3cr3t\n"])
def test_a_line_without_a_valid_name_is_masked_entirely(tmp_path, capsys, env):
    code = make_zip(tmp_path / "code.zip", env)

    main(["env", str(code)])

    assert "s3cr3t" not in capsys.readouterr().out


def test_show_values_prints_comments(code, capsys):
    main(["env", str(code), "--show-values"])

    assert " # why\n" in capsys.readouterr().out


def test_an_error_names_only_the_target_that_cannot_be_written(code, tmp_path, capsys):
    target = tmp_path / "none" / "new.zip"

    status = main(["env", str(code), "A=1", "-o", str(target)])

    shown = capsys.readouterr()
    assert (status, shown.out, shown.err) == (1, "", f"{target}: No such file or directory\n")


def test_the_new_archive_is_written_as_shown(code, tmp_path, capsys):
    target = tmp_path / "new.zip"

    status = main(["env", str(code), "-o", str(target), "table=new"])

    out = capsys.readouterr().out
    written = target.read_bytes()
    assert status == 0
    assert read_env(target) == ENV.replace(b"s3cr3t-old", b"new")
    assert base64.b64encode(hashlib.sha256(written).digest()).decode() in out
    assert f"-> {len(written):,} bytes" in out


def test_two_stages_of_one_archive_share_source_sha256_but_not_code_sha256(code, capsys):
    main(["env", str(code), "table=one"])
    one = capsys.readouterr().out.splitlines()
    main(["env", str(code), "table=two"])
    two = capsys.readouterr().out.splitlines()

    assert (one[-1], one[-1].split()[0]) == (two[-1], "SourceSha256")
    assert (one[-2].split()[0], one[-2] == two[-2]) == ("CodeSha256", False)


def test_an_archive_may_overwrite_itself(code):
    status = main(["env", str(code), "table=new", "-o", str(code)])

    assert status == 0
    assert b"table=new\r\n" in read_env(code)
    assert stat.S_ISREG(code.stat().st_mode)


def test_an_archive_without_env_file_gets_one(tmp_path, capsys):
    code = make_zip(tmp_path / "code.zip", None)

    status = main(["env", str(code), "A=1", "--env-file", "app/.env", "-o", str(code)])

    assert status == 0
    assert capsys.readouterr().out.startswith("--- app/.env (not there)\n+++ app/.env\n+A=***\n\n2 unchanged members")
    assert read_env(code, "app/.env") == b"A=1"


def test_without_values_nothing_changes(tmp_path, capsys):
    code = make_zip(tmp_path / "code.zip", None)
    before = code.read_bytes()

    status = main(["env", str(code), "-o", str(code)])

    assert status == 0
    assert capsys.readouterr().out.startswith("--- .env (not there)\n+++ .env (not there)\n\n2 unchanged members")
    assert code.read_bytes() == before


def test_base64_carries_values_that_raw_cannot(code):
    status = main(["env", str(code), "A=#x", "--encoding", "base64", "-o", str(code)])

    assert status == 0
    assert read_env(code).endswith(b"A=I3g=\r\n")


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (
            ["A=#s3cr3t"],
            "Env.A: readers of env files disagree about a value with '#'; 'EnvEncoding: base64' carries it",
        ),
        (["A-B=s3cr3t"], "Env.A-B: a name must be letters, digits and _, and not start with a digit"),
    ],
)
def test_a_refused_value_is_reported_and_nothing_is_written(code, tmp_path, capsys, values, problem):
    target = tmp_path / "new.zip"

    status = main(["env", str(code), *values, "-o", str(target)])

    shown = capsys.readouterr()
    assert (status, shown.out, shown.err) == (1, "", f"{code}: {problem}\n")
    assert not target.exists()


def test_a_refused_archive_is_reported_and_nothing_is_written(tmp_path, capsys):
    code, target = tmp_path / "code.zip", tmp_path / "new.zip"
    code.write_bytes(b"no zip")

    status = main(["env", str(code), "A=1", "-o", str(target)])

    shown = capsys.readouterr()
    assert (status, shown.out) == (1, "")
    assert shown.err.startswith(f"{code}: ")
    assert not target.exists()


def test_a_missing_archive_is_reported(tmp_path, capsys):
    status = main(["env", str(tmp_path / "none.zip")])

    assert status == 1
    assert "No such file" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["env"], ["other", "x.zip"], ["env", "x.zip", "s3cr3t"]])
def test_wrong_usage_exits_with_2_and_shows_no_value(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert "s3cr3t" not in capsys.readouterr().err


def test_python_m_runs_the_command(code, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["transform_lambda", "env", str(code)])

    with pytest.raises(SystemExit) as ended:
        runpy.run_module("transform_lambda", run_name="__main__")

    assert ended.value.code == 0
    assert "CodeSha256" in capsys.readouterr().out


@pytest.mark.parametrize("typed", [[], ["show"], ["--help"]])
def test_env_is_the_only_command(capsys, typed):
    with pytest.raises(SystemExit) as end:
        main(typed)

    assert end.value.code == 2
    assert capsys.readouterr().err.endswith("python -m transform_lambda env: error: the command is env\n")
