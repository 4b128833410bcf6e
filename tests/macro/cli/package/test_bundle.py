"""The zips of an installation: what is in them, that they run where nothing else is, and always the same bytes."""

import hashlib
import io
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from macro.builtin.digest import KEY, SHA256
from macro.cli.cloud.installation.template import print_served, tell_served
from macro.cli.package.archive import write_zip
from macro.cli.package.bundle import INSTALL, make_bundles
from macro.cli.package.wheels import BOTO3, FOR_MACRO, read_wheels
from macro.cli.text.files import parse_source
from macro.errors import MacroError
from tests.corpus.fetch import LAMBDA, find_own, is_there, name_own

ROOT = Path(__file__).parents[4]
EVENT = json.loads((ROOT / "tests" / "events" / "macro.json").read_text("utf-8"))
COUNTER = {"Type": "HitCounter"}
ANSWER = """
import json, sys
sys.path.insert(0, sys.argv[1])
from macro.handler import handler
print(json.dumps(handler(json.load(sys.stdin), None)))
"""
FETCHING = "without a network, copy the wheels from a machine that has one and name their folder with --wheels"


@pytest.fixture(scope="module")
def bundles():
    assert is_there(FOR_MACRO), "wheels are missing; run: python tests/corpus/fetch.py"
    return make_bundles(wheels=LAMBDA)


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")


def read_members(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def unpack(folder, *contents):
    for content in contents:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            archive.extractall(folder)
    return folder


def run_alone(program, folder, text=""):
    """Python without any installed package, but for what that folder holds."""
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, str(folder)], input=text, capture_output=True, text=True, cwd=folder
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def answer_alone(folder, fragment):
    assert len(find_own()) == len(name_own()), "wheels are missing; run: python tests/corpus/fetch.py"
    unpack(folder, write_zip(read_wheels(find_own())))
    return json.loads(run_alone(ANSWER, folder, json.dumps({**EVENT, "fragment": fragment})))


def make_wheel(path, members, requires=(), points=""):
    name = path.name.split("-")[0]
    head = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
    members = {
        **members,
        f"{name}-1.0.dist-info/METADATA": head + "".join(f"Requires-Dist: {need}\n" for need in requires),
        f"{name}-1.0.dist-info/entry_points.txt": points,
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return path


def refuse(**options):
    with pytest.raises(MacroError) as caught:
        make_bundles((), **options)
    return str(caught.value)


def test_the_zips_stay_small(bundles):
    assert len(bundles.companion) < 400_000
    assert len(bundles.macro) < 3_000_000


def test_each_zip_holds_its_function_and_nothing_for_developers(bundles):
    macro, companion = read_members(bundles.macro), read_members(bundles.companion)

    assert {name.split("/")[0].split("-")[0] for name in macro} == {
        "macro", "attr", "attrs", "jsonschema", "jsonschema_specifications", "referencing", "rpds", "rpds_py",
    }  # fmt: skip
    assert {name.split("/")[0] for name in companion} == {"transform_lambda"}
    assert [name for name in macro if name.startswith("macro/cli") or "tests" in name.split("/")] == []
    assert macro["macro/hit_counter.schema.json"] == (ROOT / "macro" / "hit_counter.schema.json").read_bytes()
    assert companion["transform_lambda/handler.py"] == (ROOT / "transform_lambda" / "handler.py").read_bytes()


def test_one_zip_holds_the_compiled_module_of_both_architectures(bundles):
    compiled = {name: content for name, content in read_members(bundles.macro).items() if name.endswith(".so")}

    machines = {name: struct.unpack_from("<4s14xH", content) for name, content in compiled.items()}

    assert machines == {
        "rpds/rpds.cpython-313-aarch64-linux-gnu.so": (b"\x7fELF", 0xB7),
        "rpds/rpds.cpython-313-x86_64-linux-gnu.so": (b"\x7fELF", 0x3E),
    }


def test_members_have_one_date_and_may_be_read_by_all(bundles):
    with zipfile.ZipFile(io.BytesIO(bundles.macro)) as archive:
        infos = archive.infolist()

    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert {info.external_attr >> 16 for info in infos} <= {0o100644, 0o100755}
    assert {info.create_system for info in infos} == {3}


def test_the_built_in_handlers_zip_is_the_one_that_templates_name(bundles):
    assert hashlib.sha256(bundles.handler).hexdigest() == SHA256


def test_the_bytes_are_the_same_in_every_process(bundles, tmp_path):
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7", "LC_ALL": "C"}
    command = [sys.executable, "-m", "macro", "bundle", "--wheels", str(LAMBDA), "-o", "out"]

    subprocess.run(command, cwd=tmp_path, env=env, check=True, capture_output=True, umask=0o077)

    assert (tmp_path / "out" / "macro.zip").read_bytes() == bundles.macro
    assert (tmp_path / "out" / "companion.zip").read_bytes() == bundles.companion


def test_an_engine_on_this_machine_gets_our_own_code_only(bundles):
    local = make_bundles(())

    assert {name.split("/")[0] for name in read_members(local.macro)} == {"macro"}
    assert (local.companion, local.handler) == (bundles.companion, bundles.handler)


def test_the_unpacked_macro_answers_where_nothing_else_is_installed(tmp_path):
    folder = unpack(tmp_path / "task", make_bundles(()).macro)

    answer = answer_alone(folder, {"Resources": {"Visits": {**COUNTER, "Properties": {"Shards": 4}}}})

    assert answer["status"] == "success"
    assert answer["fragment"]["Resources"]["VisitsFunction"]["Properties"]["Env"]["shards"] == 4


def test_the_unpacked_macro_words_a_problem_where_nothing_else_is_installed(tmp_path):
    folder = unpack(tmp_path / "task", make_bundles(()).macro)

    answer = answer_alone(folder, {"Resources": {"Visits": {**COUNTER, "Properties": {"Shards": "fast"}}}})

    assert answer["errorMessage"] == ("Resources.Visits.Properties.Shards: must be an integer from 1 to 64, got 'fast'")


@pytest.mark.thorough
def test_the_unpacked_companion_starts_with_the_boto3_packed_on_request(tmp_path):
    assert is_there(BOTO3), "wheels are missing; run: python tests/corpus/fetch.py"
    folder = unpack(tmp_path / "task", make_bundles((), boto3="", wheels=LAMBDA).companion)
    program = "import sys; sys.path.insert(0, sys.argv[1]); import transform_lambda.handler, transform_lambda.aws.s3.store, boto3"

    version = run_alone(f"{program}; print(boto3.__version__)", folder)

    assert f"boto3=={version.strip()} " in BOTO3.read_text("utf-8")


def test_a_packed_plugin_serves_a_template(tmp_path):
    folder = unpack(tmp_path / "task", make_bundles((), plugins=[str(ROOT / "samples" / "plugin")]).macro)
    counter = {**COUNTER, "Properties": {"Plugins": [{"topic": {"DisplayName": "Milestones"}}]}}

    answer = answer_alone(folder, {"Resources": {"Visits": counter}})

    assert answer["fragment"]["Resources"]["VisitsTopic"]["Properties"]["DisplayName"] == "Milestones"


@pytest.mark.thorough
def test_a_packed_resource_is_found_by_the_companion(tmp_path):
    bundles = make_bundles((), plugins=[str(ROOT / "samples" / "resource")], boto3="", wheels=LAMBDA)
    folder = unpack(tmp_path / "task", bundles.companion)
    program = "import sys; sys.path.insert(0, sys.argv[1]); from transform_lambda.protocol.registry import Registry"

    types = run_alone(f"{program}; print(*Registry({{}}))", folder)

    assert types == "Custom::Greeting\n"
    assert "greeting.py" not in read_members(bundles.macro)


@pytest.mark.thorough
def test_what_packages_register_is_told_as_they_spell_it():
    bundles = make_bundles((), plugins=[str(ROOT / "samples" / name) for name in ("plugin", "resource")])

    assert (bundles.plugins, bundles.resources) == (("topic",), ("Custom::Greeting",))


@pytest.mark.thorough
def test_the_template_beside_the_zips_tells_what_is_packed(tmp_path):
    bundles = make_bundles((), plugins=[str(ROOT / "samples" / name) for name in ("plugin", "resource")])
    bundles = bundles._replace(plugins=(*bundles.plugins, "Ä: # 'odd'"))
    before = parse_source("install.yaml", INSTALL.read_text("utf-8")).template

    text = print_served(INSTALL.read_text("utf-8"), bundles.served())

    assert parse_source("install.yaml", text).template == tell_served(before, bundles.served())
    assert text.endswith('Value: "Custom::Greeting"\n')


@pytest.mark.thorough
def test_a_plugins_folder_stays_as_it_was():
    names = sorted((ROOT / "samples" / "resource").rglob("*"))

    make_bundles((), plugins=[str(ROOT / "samples" / "resource")])

    assert sorted((ROOT / "samples" / "resource").rglob("*")) == names


def test_an_installed_package_is_packed_by_its_name(tmp_path, monkeypatch):
    wheel = make_wheel(tmp_path / "shelf-1.0-py3-none-any.whl", {"shelf.py": "x = 1\n"}, (), POINTS)
    site = unpack(tmp_path / "site", wheel.read_bytes())
    (site / "shelf-1.0.dist-info" / "RECORD").write_text(
        "shelf.py,,\n__pycache__/shelf.pyc,,\n../../bin/shelf,,\nshelf-1.0.dist-info/RECORD,,\n"
        "shelf-1.0.dist-info/METADATA,,\nshelf-1.0.dist-info/entry_points.txt,,\n"
    )
    monkeypatch.syspath_prepend(str(site))

    macro = read_members(make_bundles((), plugins=["shelf"]).macro)

    assert metadata.version("shelf") == "1.0"
    assert [name for name in macro if "shelf" in name] == [
        "shelf-1.0.dist-info/METADATA", "shelf-1.0.dist-info/entry_points.txt", "shelf.py",
    ]  # fmt: skip


POINTS = "[hitcounter_macro.plugins]\nshelf = shelf\n"


def test_what_a_wheel_keeps_apart_for_installers_is_put_in_its_place(tmp_path):
    members = {
        "shelf-1.0.data/purelib/shelf.py": "",
        "shelf-1.0.data/scripts/shelf": "",
        "shelf-1.0.dist-info/RECORD": "",
    }
    wheel = make_wheel(tmp_path / "shelf-1.0-py3-none-any.whl", members, (), POINTS)

    macro = read_members(make_bundles((), plugins=[str(wheel)]).macro)

    assert [name for name in macro if "shelf" in name] == [
        "shelf-1.0.dist-info/METADATA", "shelf-1.0.dist-info/entry_points.txt", "shelf.py",
    ]  # fmt: skip


def test_a_compiled_plugin_comes_as_a_wheel_for_each_platform(tmp_path):
    wheels = [
        make_wheel(
            tmp_path / f"shelf-1.0-cp313-cp313-manylinux_2_28_{name}.whl", {f"shelf.{name}.so": name}, (), POINTS
        )
        for name in ("aarch64", "x86_64")
    ]

    macro = read_members(make_bundles(plugins=[str(wheel) for wheel in wheels], wheels=LAMBDA).macro)

    assert (macro["shelf.aarch64.so"], macro["shelf.x86_64.so"]) == (b"aarch64", b"x86_64")


def test_a_compiled_plugin_without_a_wheel_for_a_platform_is_refused(tmp_path):
    tags = ("cp313-cp313-manylinux_2_28_aarch64", "cp311-cp311-manylinux_2_28_x86_64")
    wheels = [make_wheel(tmp_path / f"shelf-1.0-{tag}.whl", {f"shelf.{tag}.so": tag}, (), POINTS) for tag in tags]

    with pytest.raises(MacroError) as caught:
        make_bundles(plugins=[str(wheel) for wheel in wheels], wheels=LAMBDA)

    assert str(caught.value) == ("plugin shelf: is compiled, and has no wheel of Python 3.13 for x86_64; name one, too")


def test_what_a_plugin_needs_is_packed_where_it_is_named_too(tmp_path):
    needs = ["Book_Ends>=2; python_version >= '3.9'", "tomli; python_version < '3.11'", "docs; extra == 'all'", "boto3"]
    shelf = make_wheel(tmp_path / "shelf-1.0-py3-none-any.whl", {"shelf.py": ""}, needs, POINTS)
    ends = make_wheel(tmp_path / "book_ends-1.0-py3-none-any.whl", {"book_ends.py": ""})

    bundles = make_bundles((), plugins=[str(shelf), str(ends)])

    assert "book_ends.py" in read_members(bundles.macro)
    assert "book_ends.py" not in read_members(bundles.companion)


def test_what_a_plugin_needs_and_nobody_brings_is_named(tmp_path):
    shelf = make_wheel(tmp_path / "shelf-1.0-py3-none-any.whl", {"shelf.py": ""}, ["Book_Ends (>=2)"], POINTS)

    assert refuse(plugins=[str(shelf)]) == (
        "plugin shelf: needs book-ends, which Lambda has not; pack it, too: --plugin book-ends"
    )


def test_a_package_that_registers_nothing_is_no_plugin(tmp_path):
    shelf = make_wheel(tmp_path / "shelf-1.0-py3-none-any.whl", {"shelf.py": ""})

    assert refuse(plugins=[str(shelf)]) == (
        "plugin shelf: registers nothing; plug-ins for templates belong in the entry-point group "
        "hitcounter_macro.plugins, custom resources in hitcounter_macro.resources"
    )


def test_a_plugin_can_not_take_the_place_of_our_code(tmp_path):
    shelf = make_wheel(tmp_path / "shelf-1.0-py3-none-any.whl", {"macro/handler.py": "mine"}, (), POINTS)

    assert refuse(plugins=[str(shelf)]) == "plugins can't bring a macro/handler.py of their own; rename it"


def test_all_plugins_that_can_not_be_packed_are_told_at_once(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.whl").write_text("text", "utf-8")
    with zipfile.ZipFile(tmp_path / "bare.whl", "w") as archive:
        archive.writestr("bare.py", "")

    told = refuse(plugins=["no-such-package", "text.whl", "missing.whl", "bare.whl", "rpds-py", "topic.py"])

    first, second, *rest = told.split("\n")
    assert second.startswith("text.whl: is no wheel: ")
    assert [first, *rest] == [
        "plugin no-such-package: is neither an installed package nor a wheel's file nor a folder",
        "missing.whl: can't be read: No such file or directory",
        "plugin bare.whl: has no METADATA, so it is no package",
        "plugin rpds-py: is compiled for this machine; name a wheel's file for each platform of Lambda's instead",
        "plugin topic.py: a file alone can't be packed; give it a project's folder, as samples/plugin is",
    ]


def test_wheels_that_are_damaged_are_refused(tmp_path):
    whole = make_wheel(tmp_path / "shelf-1.0-py3-none-any.whl", {"shelf.py": "x = 1\n" * 99}, (), POINTS).read_bytes()
    place = whole.index(b"shelf.py") + len("shelf.py")
    (tmp_path / "cut.whl").write_bytes(whole[:place] + b"\xff\xff" + whole[place + 2 :])
    make_wheel(tmp_path / "points.whl", {"points.py": ""}, (), "broken")
    with zipfile.ZipFile(tmp_path / "packed.whl", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("packed.py", "")
    with zipfile.ZipFile(tmp_path / "stored.whl", "w") as archive:
        archive.writestr("stored.py", "first")
    (tmp_path / "stored.whl").write_bytes((tmp_path / "stored.whl").read_bytes().replace(b"first", b"other"))

    told = refuse(plugins=["cut.whl", "points.whl", "packed.whl", "stored.whl"]).split("\n")

    assert told[0].startswith("cut.whl: is no wheel: ")
    assert told[1:] == [
        "plugin points.whl: its entry_points.txt can't be read",
        "packed.whl: is no wheel: packed.py is packed by method 12, not by deflate",
        "stored.whl: is no wheel: stored.py is damaged",
    ]


@pytest.mark.thorough
def test_a_folder_that_is_no_project_can_not_be_built(tmp_path):
    (tmp_path / "empty").mkdir()

    told = refuse(plugins=["empty"])

    assert told == (
        "empty: can't be built: Directory 'empty' is not installable. Neither 'setup.py' nor 'pyproject.toml' found"
    )


def test_a_folder_that_can_not_be_read_can_not_be_built(tmp_path):
    (tmp_path / "shelf").mkdir()
    os.mkfifo(tmp_path / "shelf" / "pipe")

    assert refuse(plugins=["shelf"]) == "shelf/pipe: can't be read: `shelf/pipe` is a named pipe"


def test_an_editable_package_is_asked_for_by_its_folder(tmp_path, monkeypatch):
    site = tmp_path / "site" / "shelf-1.0.dist-info"
    site.mkdir(parents=True)
    (site / "METADATA").write_text("Name: shelf\nVersion: 1.0\n")
    (site / "RECORD").write_text("__editable__.shelf-1.0.pth,,\nshelf-1.0.dist-info/METADATA,,\n")
    monkeypatch.syspath_prepend(str(site.parent))

    assert refuse(plugins=["shelf"]) == "plugin shelf: is installed from its folder (pip install -e); name that folder"


def test_two_wheels_of_one_package_must_agree(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        make_wheel(tmp_path / name / "shelf-1.0-py3-none-any.whl", {"shelf.py": name}, (), POINTS)
    wheels = [str(tmp_path / name / "shelf-1.0-py3-none-any.whl") for name in ("one", "two")]

    assert (
        refuse(plugins=wheels) == "plugin shelf: shelf.py differs between its wheels, so that one zip can't hold both"
    )


@pytest.mark.thorough
def test_packages_are_fetched_once_and_kept_for_the_next_time(tmp_path, monkeypatch, bundles):
    monkeypatch.setenv("PIP_FIND_LINKS", str(LAMBDA))
    fetched = make_bundles()
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))

    again = make_bundles()

    assert fetched == again == bundles
    assert len(list((tmp_path / "cache" / "hitcounter" / "wheels").glob("*"))) == 6


@pytest.mark.thorough
def test_a_damaged_package_in_the_cache_is_fetched_anew(tmp_path, monkeypatch, bundles):
    monkeypatch.setenv("PIP_FIND_LINKS", str(LAMBDA))
    cache = tmp_path / "cache" / "hitcounter" / "wheels"
    cache.mkdir(parents=True)
    for wheel in LAMBDA.glob("*.whl"):
        (cache / wheel.name).write_bytes(wheel.read_bytes()[:1000])

    assert make_bundles() == bundles


def test_a_package_that_is_not_the_pinned_one_is_refused(tmp_path, command):
    shelf = tmp_path / "shelf"
    shutil.copytree(LAMBDA, shelf)
    attrs = next(shelf.glob("attrs-*"))
    attrs.write_bytes(attrs.read_bytes() + b"x")
    next(shelf.glob("rpds_py-*aarch64*")).unlink()
    version = next(LAMBDA.glob("rpds_py-*")).name.split("-")[1]

    assert command("bundle", "--wheels", "shelf") == (
        1,
        "",
        f"shelf/{attrs.name}: is not the file that this release is made for; its SHA-256 is another\n"
        f"shelf: has no wheel of rpds-py {version} for arm64; 'hitcounter bundle' without --wheels fetches all into "
        f"{tmp_path}/cache/hitcounter/wheels, a folder to copy from\n",
    )


def test_a_folder_of_wheels_that_is_not_there_is_named(command):
    assert command("bundle", "--wheels", "shelf") == (1, "", "shelf: there is no such folder\n")


@pytest.mark.thorough
def test_an_index_with_another_file_is_refused(tmp_path, monkeypatch, command):
    shelf = tmp_path / "shelf"
    shutil.copytree(LAMBDA, shelf)
    attrs = next(shelf.glob("attrs-*"))
    attrs.write_bytes(attrs.read_bytes() + b"x")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))

    assert command("bundle") == (
        1,
        "",
        "packages can't be fetched: the index has another file than this release is made for; its SHA-256 is another\n",
    )


@pytest.mark.thorough
def test_without_a_network_it_says_what_to_do(command):
    version = next(LAMBDA.glob("attrs-*")).name.split("-")[1]

    code, out, err = command("bundle")

    # The reason is in pip's words.
    assert (code, out) == (1, "")
    assert re.fullmatch(rf"packages can't be fetched: .*attrs=={version}.*; {re.escape(FETCHING)}\n", err)


def test_without_pip_it_says_what_to_do(tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}

    run = subprocess.run(
        [tmp_path / "bare" / "bin" / "python", "-m", "macro", "bundle"], env=env, capture_output=True, text=True
    )

    assert (run.returncode, run.stdout, run.stderr) == (
        1,
        "",
        f"packages can't be fetched: pip is missing; 'python -m ensurepip' installs it; {FETCHING}\n",
    )


def test_a_cache_that_can_not_be_written_is_named(tmp_path, monkeypatch, command):
    (tmp_path / "file").write_text("", "utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))

    assert command("bundle") == (
        1,
        "",
        f"{tmp_path}/file/hitcounter/wheels: can't be written: Not a directory; name another folder in XDG_CACHE_HOME\n",
    )


def test_another_boto3_is_chosen_by_its_version(monkeypatch, bundles):
    version = next(LAMBDA.glob("boto3-*")).name.split("-")[1]

    companion = make_bundles((), boto3=version, wheels=LAMBDA).companion

    assert companion == make_bundles((), boto3="", wheels=LAMBDA).companion


def test_a_boto3_that_is_no_version_is_refused(command):
    assert command("bundle", "--with-boto3", "new", "--wheels", str(LAMBDA)) == (
        1,
        "",
        "--with-boto3: must be a version such as 1.40.0, got 'new'\n",
    )


def test_the_command_writes_what_the_installations_template_names(command, bundles):
    code, out, err = command("bundle", "--wheels", LAMBDA)

    handler = f"build/{KEY.rpartition('/')[2]}"
    written = {path: Path(path).read_bytes() for path in ("build/macro.zip", "build/companion.zip", handler)}
    assert (code, err) == (0, "")
    assert tuple(written.values()) == bundles[:3]
    assert Path("build/install.yaml").read_bytes() == INSTALL.read_bytes()
    assert [line.split()[3] for line in out.splitlines()] == [*written, "build/install.yaml"]
    assert f"10.2 kB  {SHA256}  {handler}" in out
    assert sorted(os.listdir("build")) == sorted([*(Path(path).name for path in written), "install.yaml"])


def test_scripts_get_sizes_and_digests(command, bundles):
    code, out, err = command("bundle", "--wheels", LAMBDA, "-o", "out", "--json")

    assert (code, err) == (0, "")
    assert json.loads(out)[1] == {
        "path": "out/companion.zip",
        "bytes": len(bundles.companion),
        "sha256": hashlib.sha256(bundles.companion).hexdigest(),
    }


def test_a_folder_that_can_not_be_written_is_named(tmp_path, command):
    (tmp_path / "build").write_text("", "utf-8")

    assert command("bundle", "--wheels", LAMBDA) == (1, "", "build: can't be written: File exists\n")
    assert (tmp_path / "build").read_text("utf-8") == ""
