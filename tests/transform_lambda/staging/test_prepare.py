import io
import random
import re
import struct
import zipfile

import pytest

from tests.support.archives import Entry, check_rewrite, make_archive
from tests.support.code_store import MemoryCodeStore
from transform_lambda.contract import ResourceError
from transform_lambda.ports import CopyError, Place
from transform_lambda.staging.archive import TAIL, code_identity, open_archive
from transform_lambda.staging.prepare import SMALL, STAGED, Staging
from transform_lambda.zip.refused import REPACK
from transform_lambda.zip.write import rewrite_bytes

MIB = 1 << 20
PLACE = Place("code", "app/code.zip")
OLD, NEW = b"TABLE=\n", b"TABLE=visits\n"
ENV = Entry(b".env", OLD)
UT = struct.pack("<HHBI", 0x5455, 5, 1, 2)


def blob(name, size):
    return Entry(name, random.Random(name).randbytes(size))


LONG_A, LONG_B, SHORT = blob(b"a.bin", 7 * MIB), blob(b"b.bin", 6 * MIB), blob(b"c.bin", 1 * MIB)

LARGE = {
    "between long runs": make_archive(LONG_A, ENV, LONG_B),
    "behind a short run": make_archive(SHORT, ENV, LONG_A, LONG_B),
    "before a short run": make_archive(LONG_A, LONG_B, ENV, SHORT),
    "at the front": make_archive(ENV, LONG_A, LONG_B),
    "at the end": make_archive(LONG_A, LONG_B, ENV),
    "not there": make_archive(LONG_A, LONG_B),
    "twice": make_archive(LONG_A, ENV, LONG_B, ENV),
    "behind a stub": make_archive(SHORT, ENV, LONG_A, LONG_B, prefix=b"#!/bin/sh\n"),
    "behind a stub that offsets ignore": make_archive(ENV, LONG_A, LONG_B, prefix=b"#!/bin/sh\n", is_adjusted=False),
    "zip64": make_archive(LONG_A, ENV, SHORT, LONG_B, zip64=True),
    "with dead bytes": make_archive(LONG_A, Entry(b"d", gap=bytes(3000)), ENV, LONG_B),
    "with a large directory": make_archive(
        LONG_A, ENV, LONG_B, *(Entry(b"%05d" % n, b"", comment=bytes(60)) for n in range(12_000))
    ),
}


def stored(data):
    return MemoryCodeStore({("code", "app/code.zip"): data})


def prepare(store, env=NEW, path=".env"):
    log = []
    code = Staging(store, log.append).prepare(open_archive(store, PLACE, path), env)
    return code, log


def kinds(store):
    return [call.split()[0] for call in store.calls]


class Pipe(io.RawIOBase):
    """A file that accepts bytes but cannot seek, like a pipe."""

    def __init__(self):
        self.data = bytearray()

    def writable(self):
        return True

    def write(self, data):
        self.data += data
        return len(data)


def packed_wide(is_streamed, extra):
    """An archive whose local headers all have the zip64 extra field, as Python's `force_zip64` writes it."""
    target = Pipe() if is_streamed else io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, size in (*((f"{number}.bin", MIB // 20) for number in range(250)), (".env", 7)):
            info = zipfile.ZipInfo(name)
            info.extra = extra
            with archive.open(info, "w", force_zip64=True) as member:
                member.write(OLD if name == ".env" else random.Random(name).randbytes(size))
    return bytes(target.data) if is_streamed else target.getvalue()


@pytest.fixture(params=LARGE.values(), ids=LARGE.keys())
def large(request):
    return request.param


def test_a_small_archive_is_rewritten_in_memory():
    data = make_archive(blob(b"a", 3 * MIB), ENV)
    store = stored(data)

    code, log = prepare(store)

    assert code.archive == rewrite_bytes(data, {".env": NEW})
    assert (code.way, code.size) == ("memory", len(code.archive))
    assert log == [f"s3://code/app/code.zip: code of {len(data)} bytes became {code.size} bytes, rewritten in memory"]
    assert kinds(store) == ["read_tail", "read_range"]


def test_a_tiny_archive_takes_one_request():
    store = stored(make_archive(Entry(b"a"), ENV))

    code, _ = prepare(store)

    assert kinds(store) == ["read_tail"]
    check_rewrite(store.objects["code", "app/code.zip"], code.archive, ".env", NEW)


def test_the_size_decides_between_memory_and_staging():
    below, at = (make_archive(blob(b"a", SMALL - 192 + more), ENV) for more in (0, 1))

    ways = [prepare(stored(data))[0].way for data in (below, at)]

    assert (len(below), len(at)) == (SMALL - 1, SMALL)
    assert ways == ["memory", "copied"]


def test_a_large_archive_is_staged_with_all_other_members_unchanged(large):
    store = stored(large)

    code, log = prepare(store)

    staged = store.objects["staging", code.archive.key]
    check_rewrite(large, staged, ".env", NEW)
    assert (code.way, code.size, code.archive.version) == ("copied", len(staged), "v1")
    assert log == [f"s3://code/app/code.zip: code of {len(large)} bytes became {len(staged)} bytes, copied inside S3"]
    assert store.objects["code", "app/code.zip"] == large
    assert store.uploads == {}


def test_a_large_archive_needs_few_bytes_and_requests():
    store = stored(LARGE["between long runs"])

    prepare(store)

    assert kinds(store) == [
        *("read_tail", "read_range", "find_staged", "can_copy", "start_upload"),
        *("copy_part", "copy_part", "upload_part", "complete_upload"),
    ]
    assert store.received <= TAIL + (64 << 10)
    assert store.sent < 1000


def test_the_staged_bytes_equal_a_rewrite_in_memory():
    data = LARGE["between long runs"]
    store = stored(data)

    code, _ = prepare(store)

    assert store.objects["staging", code.archive.key] == rewrite_bytes(data, {".env": NEW})


def test_a_source_in_another_region_is_streamed_in_small_pieces(large):
    store = stored(large)
    store.is_near = False

    code, log = prepare(store)

    check_rewrite(large, store.objects["staging", code.archive.key], ".env", NEW)
    assert code.way == "streamed"
    assert log[-1].endswith("bytes, streamed through the companion, because S3 cannot copy from there")
    assert "copy_part" not in kinds(store)
    assert store.largest < 12 * MIB


def test_an_archive_is_streamed_if_only_the_copy_is_refused():
    store = stored(LARGE["between long runs"])
    store.faults["copy_part"] = lambda: CopyError("cannot copy it: access denied")

    code, log = prepare(store)

    check_rewrite(LARGE["between long runs"], store.objects["staging", code.archive.key], ".env", NEW)
    assert code.way == "streamed"
    assert log[0] == "cannot copy it: access denied; streaming instead"
    assert kinds(store).count("abort_upload") == 1
    assert store.uploads == {}


def test_a_staged_object_is_reused():
    store = stored(LARGE["between long runs"])
    first, _ = prepare(store)
    store.calls.clear()

    second, log = prepare(store)

    assert second.archive == first.archive._replace(version="v0")
    assert (second.way, second.size) == ("reused", first.size)
    assert log[0].endswith("bytes, staged before")
    assert kinds(store) == ["read_tail", "read_range", "find_staged"]


@pytest.mark.parametrize("what", ["size", "metadata"])
def test_a_staged_object_with_other_content_is_replaced(what):
    store = stored(LARGE["between long runs"])
    code, _ = prepare(store)
    good = store.objects["staging", code.archive.key]
    if what == "size":
        store.objects["staging", code.archive.key] = good[:-1]
    else:
        store.metadata[code.archive.key]["env-sha256"] = "other"

    again, _ = prepare(store)

    assert again.way == "copied"
    assert store.objects["staging", code.archive.key] == good


def test_the_key_is_the_identity_of_code_and_env():
    one, other = LARGE["between long runs"], LARGE["not there"]
    store = stored(one)

    keys = {prepare(store, env)[0].archive.key for env in (NEW, b"A=1\n", NEW)}
    identity = code_identity(open_archive(store, PLACE), NEW)

    assert len(keys) == 2
    assert f"{STAGED}{identity}.zip" in keys
    assert re.fullmatch("[0-9a-f]{64}", identity)
    assert code_identity(open_archive(stored(other), PLACE), NEW) == identity
    assert code_identity(open_archive(stored(other), PLACE, "conf/.env"), NEW) != identity


def test_an_archive_has_its_env_file_and_digest():
    archive = open_archive(stored(LARGE["between long runs"]), PLACE)

    assert (archive.env, archive.path, archive.pinned.place) == (OLD, ".env", PLACE)
    assert re.fullmatch("[0-9a-f]{64}", archive.source_sha256)
    assert open_archive(stored(LARGE["not there"]), PLACE).env is None


@pytest.mark.parametrize("call", ["copy_part", "upload_part", "complete_upload"])
@pytest.mark.parametrize("fault", [ResourceError, KeyboardInterrupt])
def test_a_failed_upload_is_aborted(call, fault):
    store = stored(LARGE["between long runs"])
    store.faults[call] = lambda: fault("it broke")

    with pytest.raises(fault, match="it broke"):
        prepare(store)

    assert store.calls[-1] == "abort_upload"
    assert store.uploads == {}
    assert not [key for key in store.objects if key[0] == "staging"]


def test_a_failed_abort_is_logged_and_hides_nothing():
    store, log = stored(LARGE["between long runs"]), []
    store.faults["upload_part"] = lambda: ResourceError("no room")
    store.faults["abort_upload"] = lambda: ResourceError("cannot abort")

    with pytest.raises(ResourceError, match="no room"):
        Staging(store, log.append).prepare(open_archive(store, PLACE), NEW)

    assert log == ["cannot abort; the bucket's lifecycle rule will drop its parts"]


@pytest.mark.parametrize("size", ["small", "large"])
def test_an_object_that_changes_before_staging_is_an_error(size):
    data = LARGE["between long runs"] if size == "large" else make_archive(blob(b"a", 3 * MIB), ENV)
    store = stored(data)
    archive = open_archive(store, PLACE)
    store.objects["code", "app/code.zip"] = data + b"new"

    with pytest.raises(
        ResourceError, match=r"^cannot read s3://code/app/code.zip: the object changed while it was read"
    ):
        Staging(store, print).prepare(archive, NEW)

    assert store.uploads == {}


@pytest.mark.parametrize("prepare", [lambda staging, archive: staging.prepare(archive, NEW), Staging.prepare_unchanged])
def test_an_archive_with_another_md5_is_refused(prepare):
    store = stored(make_archive(blob(b"a.bin", 2 * MIB), ENV))
    archive = open_archive(store, PLACE)
    archive = archive._replace(pinned=archive.pinned._replace(md5="0" * 32))

    with pytest.raises(ResourceError) as caught:
        prepare(Staging(store, print), archive)

    assert str(caught.value) == (
        "cannot read s3://code/app/code.zip: the MD5 of the received bytes differs from the object's MD5; try again"
    )


def test_a_refused_archive_is_named():
    with pytest.raises(ResourceError) as caught:
        open_archive(stored(b"<html>"), PLACE._replace(version=None))

    assert str(caught.value) == f"s3://code/app/code.zip: this is not a zip archive: it has no end record; {REPACK}"


def test_a_refusal_of_the_plan_names_the_archive():
    store = stored(make_archive(Entry(b"a"), ENV))

    with pytest.raises(ResourceError) as caught:
        prepare(store, bytes(MIB + 1))

    assert str(caught.value) == "s3://code/app/code.zip: '.env' must have at most 1048576 bytes, got 1048577"


def test_code_beyond_lambdas_limit_is_refused_before_any_copy():
    limit = 250 * MIB
    said = limit - len(NEW)
    data = make_archive(Entry(b"a", bytes(9), deflated=True, record={9: said + 1}), ENV)
    store = stored(data)

    with pytest.raises(ResourceError) as caught:
        prepare(store)

    assert str(caught.value) == (
        f"s3://code/app/code.zip: the unpacked code must have at most {limit} bytes (250 MiB), got {limit + 1}"
    )
    assert prepare(stored(make_archive(Entry(b"a", bytes(9), deflated=True, record={9: said}), ENV)))


def test_an_archive_beyond_what_s3_copies_in_one_part_is_refused():
    store = stored(make_archive(Entry(b"a"), ENV))
    archive = open_archive(store, PLACE)
    huge = archive._replace(pinned=archive.pinned._replace(size=(5 << 30) + 1))

    with pytest.raises(ResourceError) as caught:
        Staging(store, print).prepare(huge, NEW)

    assert str(caught.value) == (
        "s3://code/app/code.zip: the archive must have at most 5368709120 bytes (5 GiB), got 5368709121"
    )


def test_padded_members_cost_few_requests_and_lose_their_padding():
    padded = make_archive(LONG_A, ENV, *(Entry(b"%d" % number, bytes(9000), gap=b"#" * 100) for number in range(1000)))
    store = stored(padded)

    code, _ = prepare(store)

    check_rewrite(padded, store.objects["staging", code.archive.key], ".env", NEW)
    assert kinds(store).count("read_range") < 12


@pytest.mark.parametrize("is_streamed", [False, True], ids=["sizes known", "descriptors"])
@pytest.mark.parametrize("extra", [b"", UT], ids=["no extra field", "with times"])
def test_members_with_zip64_sizes_need_few_reads(is_streamed, extra):
    data = packed_wide(is_streamed, extra)
    store = stored(data)

    code, _ = prepare(store)

    check_rewrite(data, store.objects["staging", code.archive.key], ".env", NEW)
    assert len(data) >= SMALL
    assert kinds(store).count("read_range") <= (12 if is_streamed else 2)
    assert store.received <= (len(data) if is_streamed else TAIL + (64 << 10))
    assert store.sent < MIB


def test_the_text_of_a_place_has_its_version():
    assert str(Place("b", "k")) == "s3://b/k"
    assert str(Place("b", "k", "v7")) == "s3://b/k (version v7)"
