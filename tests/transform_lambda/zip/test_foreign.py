"""Archives of other tools are rewritten, and readers of other authors judge the results.

Debian packages that have the tools: zip unzip p7zip-full libarchive-tools git default-jdk-headless nodejs npm.
Wheels and archivers for Node come from `python tests/corpus/fetch.py`.
"""

import ensurepip
import os
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import distribution
from io import BytesIO
from pathlib import Path

import pytest

from tests.corpus.fetch import WHEELS, find_node_packages, find_wheel
from tests.support.archives import check_rewrite, take_apart
from tests.support.node import explain_lack
from tests.support.thorough import mark_thorough
from transform_lambda.zip.directory import read_directory
from transform_lambda.zip.member import read_member
from transform_lambda.zip.source import BytesSource, open_source
from transform_lambda.zip.write import rewrite_bytes, rewrite_file

NEW = b"TABLE=visits\nGREETING=hello\n"
OLD = b"# settings\nTABLE=\n"

ZIP_BEHIND_STUB = "zip -q -r {out}.zip . && (echo '#!/bin/sh'; cat {out}.zip) > {out}"

WRITERS = {
    "zip": "zip -q -r {out} .",
    "zip -X": "zip -q -r -X {out} .",
    "zip with symlinks": "zip -q -r -y {out} .",
    "zip stored": "zip -q -r -0 {out} .",
    "zip streamed": "zip -q -r - . | cat > {out}",
    "zip zip64": "zip -q -r -fz {out} .",
    "zip with comment": "echo 'made by zip' | zip -q -r -z {out} .",
    "zip behind a stub": ZIP_BEHIND_STUB,
    "zip behind a stub, adjusted": f"{ZIP_BEHIND_STUB} && zip -q -A {{out}}",
    "7z": "7z a -tzip -bso0 -bsp0 -mx1 {out}.zip . && mv {out}.zip {out}",
    "7z stored": "7z a -tzip -bso0 -bsp0 -mx0 {out}.zip . && mv {out}.zip {out}",
    "bsdtar": "bsdtar --format zip -cf {out} $(ls -A)",
    "bsdtar streamed": 'bsdtar --format zip -cf - $(ls -A) | {python} -c "{unpad}" > {out}',
    "git": "git init -q && git add -A && git -c user.name=a -c user.email=a@b commit -qm a"
    " && git archive --format zip -o {out}.zip HEAD && mv {out}.zip {out}",
    "jar": "jar --create --no-manifest --file {out} .",
    "jar stored": "jar cf0 {out} .",
    "zipfile": "{python} -m zipfile -c {out} $(ls -A)",
    "shutil": "{python} -c \"import shutil, os; os.rename(shutil.make_archive('{out}', 'zip', '.'), '{out}')\"",
    "zipapp": "touch __main__.py && {python} -m zipapp -p /usr/bin/python3 -c -o {out} .",
}
"""Commands that pack their working folder. bsdtar pads streamed archives, which makes them invalid."""
UNPAD = "import sys; d = sys.stdin.buffer.read(); sys.stdout.buffer.write(d[: d.rindex(b'PK\\5\\6') + 22])"

NODE_WRITERS = [
    *("archiver", "archiver streamed", "archiver stored", "archiver zip64", "adm-zip"),
    *("jszip", "jszip stored", "jszip streamed", "yazl", "yazl streamed", "yazl stored", "yazl zip64"),
]
"""The Node packages with which `tests/corpus/pack.cjs` packs."""
PACK = Path(__file__).parents[2] / "corpus" / "pack.cjs"

READERS = {
    "unzip": "unzip -tqq {0}",
    "7z": "7z t -bso0 -bsp0 {0}",
    "bsdtar": "bsdtar -xOf {0} > /dev/null",
    "jar": "jar --list --file {0} > /dev/null",
    "zip": "zip -T -q {0}",
}
"""Commands that exit with 0 for a valid archive."""


def run(command, folder):
    done = subprocess.run(["bash", "-o", "pipefail", "-ec", command], cwd=folder, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def verdicts(path):
    """The exit status of each installed reader for the archive."""
    return {name: run(command.format(path), path.parent)[0] for name, command in READERS.items() if shutil.which(name)}


@pytest.fixture(scope="session")
def tree(tmp_path_factory):
    """Real code: a package with data, an executable script, a symlink, an empty file, and a Unicode name."""
    root = tmp_path_factory.mktemp("tree") / "code"
    source = Path(str(distribution("hypothesis").locate_file("hypothesis")))
    shutil.copytree(source, root / "hypothesis", ignore=shutil.ignore_patterns("__pycache__"))
    (root / ".env").write_bytes(OLD)
    (root / "run.sh").write_text("#!/bin/sh\nexec true\n")
    (root / "run.sh").chmod(0o755)
    (root / "link").symlink_to("run.sh")
    (root / "empty").touch()
    (root / "größe.txt").write_text("ä")
    return root


@pytest.fixture(params=mark_thorough(WRITERS, quick=["zip streamed", "zip behind a stub", "zipfile"]), scope="session")
def archive(request, tree, tmp_path_factory):
    program = WRITERS[request.param].split()[0]
    if program != "{python}" and not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    folder = tmp_path_factory.mktemp("written")
    shutil.copytree(tree, folder / "code", symlinks=True)
    out = folder / "code.packed"
    command = WRITERS[request.param].format(out=out, python=sys.executable, unpad=UNPAD)
    status, output = run(command, folder / "code")
    assert status == 0, output
    return out


def test_archives_of_other_tools_keep_everything_except_the_env_file(archive, tmp_path):
    before = archive.read_bytes()

    rewrite_file(archive, tmp_path / "new.packed", {".env": NEW})

    after = (tmp_path / "new.packed").read_bytes()
    assert after == rewrite_bytes(before, {".env": NEW})
    check_rewrite(before, after, ".env", NEW)
    assert take_apart(before).dead == 0


def test_an_env_file_packed_by_other_tools_is_read(archive):
    with archive.open("rb") as file:
        source = open_source(file.fileno())

        assert read_member(source, read_directory(source), ".env") == OLD


def test_other_tools_judge_the_rewritten_archive_like_the_original(archive, tmp_path):
    rewrite_file(archive, tmp_path / "new.packed", {".env": NEW})

    before, after = verdicts(archive), verdicts(tmp_path / "new.packed")

    assert before == after
    assert archive.read_bytes()[:2] != b"PK" or set(after.values()) == {0}


def test_other_tools_unpack_the_same_tree_with_the_new_env_file(archive, tree, tmp_path):
    if not shutil.which("unzip"):
        pytest.skip("unzip is not installed")
    rewrite_file(archive, tmp_path / "new.packed", {".env": NEW})

    unpacked = []
    for name, path in (("before", archive), ("after", tmp_path / "new.packed")):
        (tmp_path / name).mkdir()
        run(f"unzip -qq {path}", tmp_path / name)
        unpacked.append({str(p.relative_to(tmp_path / name)): state(p) for p in sorted((tmp_path / name).rglob("*"))})

    before, after = unpacked
    assert len(before) > 100
    assert (before.pop(".env")[1], after.pop(".env")[1]) == (OLD, NEW)
    assert before == after


def state(path):
    mode = path.lstat().st_mode
    if path.is_symlink():
        return mode, os.readlink(path)
    return mode, None if path.is_dir() else path.read_bytes()


def wheels():
    return sorted(Path(ensurepip.__file__).parent.glob("_bundled/*.whl"))


@pytest.mark.parametrize("wheel", wheels(), ids=lambda path: path.name.split("-")[0])
def test_wheels_from_the_index_keep_all_their_members(wheel, tmp_path):
    before = wheel.read_bytes()

    rewrite_file(wheel, tmp_path / "new.packed", {".env": NEW})

    check_rewrite(before, (tmp_path / "new.packed").read_bytes(), ".env", NEW)
    assert set(verdicts(tmp_path / "new.packed").values()) == {0}


@pytest.mark.thorough
@pytest.mark.parametrize("package", WHEELS)
def test_large_published_wheels_keep_all_their_members(package, tmp_path):
    wheel = find_wheel(package)
    assert wheel, f"the wheel of {package} is missing; run: python tests/corpus/fetch.py"

    rewrite_file(wheel, tmp_path / "new.packed", {".env": NEW})

    check_rewrite(wheel.read_bytes(), (tmp_path / "new.packed").read_bytes(), ".env", NEW)
    assert set(verdicts(tmp_path / "new.packed").values()) == {0}
    with zipfile.ZipFile(tmp_path / "new.packed") as archive:
        assert archive.testzip() is None


@pytest.mark.thorough
@pytest.mark.parametrize("writer", NODE_WRITERS)
def test_archives_of_node_packages_keep_everything_except_the_env_file(writer, tree, tmp_path):
    lack = explain_lack(18, 17)
    if lack:
        pytest.skip(lack)
    modules, before, after = find_node_packages(), tmp_path / "old.zip", tmp_path / "new.zip"
    if not modules:
        pytest.skip("archivers for Node are not installed; python tests/corpus/fetch.py installs them")
    packed = subprocess.run(["node", PACK, writer, modules, tree, before], capture_output=True, text=True)
    assert (packed.returncode, packed.stderr) == (0, "")

    rewrite_file(before, after, {".env": NEW})

    check_rewrite(before.read_bytes(), after.read_bytes(), ".env", NEW)
    assert len(take_apart(after.read_bytes()).parts) > 100
    assert set(verdicts(after).values()) == {0}
    with before.open("rb") as file, zipfile.ZipFile(after) as archive:
        source = open_source(file.fileno())
        assert read_member(source, read_directory(source), ".env") == OLD
        assert archive.testzip() is None


@pytest.mark.thorough
@pytest.mark.parametrize("package", ["boto3", "botocore", "cryptography", "hypothesis", "moto"])
def test_installed_packages_packed_as_archives_keep_all_their_members(package, tmp_path):
    source, buffer = distribution(package), BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for file in (file for file in source.files if file.suffix != ".pyc" and ".." not in file.parts):
            archive.write(str(file.locate()), str(file))
    before = buffer.getvalue()

    after = rewrite_bytes(before, {".env": NEW})

    check_rewrite(before, after, ".env", NEW)
    with zipfile.ZipFile(BytesIO(after)) as archive:
        assert archive.testzip() is None
    assert read_member(BytesSource(after), read_directory(BytesSource(after)), ".env") == NEW
