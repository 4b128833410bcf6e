import os
import stat
import sys
import tempfile
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.archives import Entry, check_rewrite, make_archive
from transform_lambda.zip.directory import read_directory
from transform_lambda.zip.plan import Keep, plan_rewrite
from transform_lambda.zip.refused import ZipError
from transform_lambda.zip.source import open_source
from transform_lambda.zip.write import BUFFER, rewrite_bytes, rewrite_file, write_steps

LARGE = make_archive(
    Entry(b"a", b"0123456" * (BUFFER // 7)), Entry(b".env", b"A=1\n"), Entry(b"b", b"abc" * (2 * BUFFER))
)
NEW = {".env": b"A=new\n"}


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "code.zip"
    path.write_bytes(LARGE)
    return path


def test_a_rewritten_file_equals_the_rewritten_bytes(archive, tmp_path):
    rewrite_file(archive, tmp_path / "new.zip", NEW)

    after = (tmp_path / "new.zip").read_bytes()
    check_rewrite(LARGE, after, ".env", NEW[".env"])
    assert after == rewrite_bytes(LARGE, NEW)


def test_a_file_is_rewritten_onto_another_file_system(archive):
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as folder:
        rewrite_file(archive, Path(folder, "new.zip"), NEW)

        assert Path(folder, "new.zip").read_bytes() == rewrite_bytes(LARGE, NEW)


def test_an_empty_plan_writes_nothing(archive, tmp_path):
    with archive.open("rb") as reader, (tmp_path / "new.zip").open("wb") as writer:
        write_steps(reader.fileno(), writer.fileno(), [])

    assert (tmp_path / "new.zip").read_bytes() == b""


def test_a_target_that_cannot_reserve_blocks_gets_the_same_bytes(archive):
    arriving, leaving = os.pipe()
    with archive.open("rb") as reader, ThreadPoolExecutor(1) as pool, open(arriving, "rb") as pipe:
        after = pool.submit(pipe.read)
        steps = plan_rewrite(read_directory(open_source(reader.fileno())), NEW)
        write_steps(reader.fileno(), leaving, steps)
        os.close(leaving)

        assert after.result() == rewrite_bytes(LARGE, NEW)


def test_a_file_may_be_rewritten_in_place(archive):
    rewrite_file(str(archive), archive, NEW)

    assert archive.read_bytes() == rewrite_bytes(LARGE, NEW)


def test_a_refused_archive_leaves_the_target_unchanged(tmp_path):
    source, target = tmp_path / "code.zip", tmp_path / "new.zip"
    source.write_bytes(b"no zip")
    target.write_bytes(b"as it was")

    with pytest.raises(ZipError):
        rewrite_file(source, target, NEW)

    assert target.read_bytes() == b"as it was"
    assert sorted(tmp_path.iterdir()) == [source, target]


def test_a_failed_write_leaves_nothing(archive, tmp_path):
    target = tmp_path / "folder"
    target.mkdir()

    with pytest.raises(IsADirectoryError):
        rewrite_file(archive, target, NEW)

    assert sorted(tmp_path.iterdir()) == [archive, target]


def test_a_part_of_another_process_stays(archive, tmp_path):
    part = tmp_path / f".new.zip.{os.getpid()}.part"
    part.write_bytes(b"another's")

    with pytest.raises(FileExistsError):
        rewrite_file(archive, tmp_path / "new.zip", NEW)

    assert part.read_bytes() == b"another's"


@pytest.mark.parametrize(("old", "new"), [(None, 0o644), (0o600, 0o600), (0o664, 0o664)])
def test_a_target_keeps_its_mode_and_a_new_target_is_readable(old, new, archive, tmp_path):
    target = tmp_path / "new.zip"
    if old:
        target.touch()
        target.chmod(old)

    before = os.umask(0o022)
    rewrite_file(archive, target, NEW)
    os.umask(before)

    assert stat.S_IMODE(target.stat().st_mode) == new


def test_an_archive_that_shrinks_during_the_copy_is_refused(archive, tmp_path):
    with archive.open("rb") as reader, (tmp_path / "new.zip").open("wb") as writer:
        os.truncate(archive, 1000)

        with pytest.raises(ZipError) as caught:
            write_steps(reader.fileno(), writer.fileno(), [Keep(0, 5000)])

    assert str(caught.value) == "the archive ended at byte 1000 while it was copied; try again"
    assert caught.value.code == "changed"


def test_an_archive_that_shrinks_after_opening_is_refused(archive):
    with archive.open("rb") as reader:
        source = open_source(reader.fileno())
        os.truncate(archive, 1000)

        with pytest.raises(ZipError) as caught:
            read_directory(source)

    assert caught.value.code == "changed"


def test_memory_holds_one_buffer_instead_of_the_archive(tmp_path):
    archive = tmp_path / "code.zip"
    archive.write_bytes(make_archive(*(Entry(b"%d" % number, bytes(BUFFER)) for number in range(16))))

    tracemalloc.start()
    try:
        with archive.open("rb") as reader, (tmp_path / "new.zip").open("wb") as writer:
            steps = plan_rewrite(read_directory(open_source(reader.fileno())), NEW)
            write_steps(reader.fileno(), writer.fileno(), steps)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 2 * BUFFER


def test_the_package_needs_only_the_standard_library():
    package = Path(sys.modules["transform_lambda.zip"].__file__).parent
    imports = {
        line.split()[1].split(".")[0]
        for module in package.glob("*.py")
        for line in module.read_text().splitlines()
        if line.startswith(("import ", "from "))
    }

    assert imports - {"transform_lambda"} <= sys.stdlib_module_names
