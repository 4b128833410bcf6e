import stat
import struct
import zipfile
from io import BytesIO

import pytest

from tests.support.archives import NOW, Entry, check_rewrite, make_archive, take_apart
from transform_lambda.zip.directory import read_directory
from transform_lambda.zip.member import read_member
from transform_lambda.zip.members import list_members, source_sha256, unpacked_size
from transform_lambda.zip.plan import Keep, plan_rewrite
from transform_lambda.zip.source import BytesSource
from transform_lambda.zip.write import rewrite_bytes

APP = Entry(b"app.py", b"import os\n" * 20, deflated=True, mode=0o100755)
ENV = Entry(b".env", b"A=old\nSECRET=hunter2\n", mode=0o100640)
DATA = Entry(b"data/table.bin", bytes(range(256)) * 4)
NEW = {".env": b"A=new\n"}

UT = struct.pack("<HHBII", 0x5455, 9, 3, 1, 2)
UX = struct.pack("<HHBBIBI", 0x7875, 11, 1, 4, 0, 4, 0)

SOUND = {
    "in the middle": make_archive(APP, ENV, DATA),
    "at the front": make_archive(ENV, APP, DATA),
    "at the end": make_archive(APP, DATA, ENV),
    "alone": make_archive(ENV),
    "not there": make_archive(APP, DATA),
    "nothing there": make_archive(),
    "twice": make_archive(ENV, APP, Entry(b".env", b"A=later\n"), DATA),
    "deflated": make_archive(APP, Entry(b".env", b"A=1\n" * 9, deflated=True), DATA),
    "with comments": make_archive(APP, ENV, Entry(b"x", comment=b"a remark"), comment=b"made by hand"),
    "with a stub in front": make_archive(APP, ENV, DATA, prefix=b"#!/bin/sh\nexec unzip $0\n"),
    "with a stub and offsets that ignore it": make_archive(APP, ENV, DATA, prefix=b"#!stub\n", is_adjusted=False),
    "with a signature in the stub": make_archive(APP, ENV, DATA, prefix=b"#!stub PK\3\4" + bytes(40) + b".env\n"),
    "zip64": make_archive(APP, ENV, DATA, zip64=True),
    "zip64 with a stub": make_archive(APP, ENV, DATA, zip64=True, prefix=b"MZ stub"),
    "zip64 with a stub that offsets ignore": make_archive(
        APP, ENV, DATA, zip64=True, prefix=b"MZ stub", is_adjusted=False
    ),
    "directory in another order": make_archive(APP, ENV, DATA, order=[2, 0, 1]),
    "local extra fields": make_archive(Entry(b"a", local_extra=UT + UX, extra=UT), ENV, Entry(b"b", local_extra=UT)),
    "directories and symlinks": make_archive(
        Entry(b"lib/", b"", mode=0o040755), ENV, Entry(b"lib/link", b"../app.py", mode=stat.S_IFLNK | 0o777)
    ),
    "names in UTF-8 and in nothing": make_archive(Entry("ä.py".encode(), flags=0x800), ENV, Entry(b"\xff\xfe.py")),
    "names that only resemble": make_archive(
        Entry(b".env.example"), Entry(b"a/.env"), ENV, Entry(b".envrc"), Entry(b"x.env"), Entry(b".ENV")
    ),
    **{
        f"descriptors of {kind}": make_archive(
            Entry(b"a.py", b"1" * 50, deflated=True, descriptor=kind),
            Entry(b".env", b"A=0\n", deflated=True, descriptor=kind),
            Entry(b"b.py", b"2" * 50, descriptor=kind, local_extra=UT, extra=UT),
            Entry(b"c.py", b"3" * 50, descriptor=kind, local_extra=UT + UX),
        )
        for kind in ("I", "sI", "Q", "sQ")
    },
}


@pytest.fixture(params=SOUND.values(), ids=SOUND.keys())
def archive(request):
    return request.param


def test_all_other_members_keep_every_byte(archive):
    after = rewrite_bytes(archive, NEW)

    check_rewrite(archive, after, ".env", NEW[".env"])


def test_the_archive_has_no_old_content():
    after = rewrite_bytes(SOUND["in the middle"], NEW)

    assert b"hunter2" not in after


def test_a_second_rewrite_changes_nothing(archive):
    after = rewrite_bytes(archive, NEW)

    assert rewrite_bytes(after, NEW) == after


def test_the_source_digest_ignores_the_env_file(archive):
    one, other = rewrite_bytes(archive, NEW), rewrite_bytes(archive, {".env": b"B=2\n"})

    digests = {source_sha256(read_directory(BytesSource(data)), ".env") for data in (archive, one, other)}

    assert len(digests) == 1


@pytest.mark.parametrize(
    "changed",
    [
        Entry(b"app2.py", APP.data, deflated=True, mode=APP.mode),
        Entry(b"app.py", APP.data[:-1], deflated=True, mode=APP.mode),
        Entry(b"app.py", APP.data, mode=APP.mode),
        Entry(b"app.py", APP.data, deflated=True, mode=0o100644),
        Entry(b"app.py", b"IMPORT os\n" + APP.data[10:], deflated=True, mode=APP.mode),
    ],
    ids=["name", "size", "method", "mode", "content"],
)
def test_the_source_digest_covers_all_other_members(changed):
    digests = [source_sha256(read_directory(BytesSource(make_archive(each, ENV))), ".env") for each in (APP, changed)]

    assert digests[0] != digests[1]


def test_the_source_digest_covers_content_of_equal_size():
    archives = [make_archive(Entry(b"app.py", content), ENV) for content in (b"one", b"two")]

    digests = {source_sha256(read_directory(BytesSource(archive)), ".env") for archive in archives}

    assert len(digests) == 2


def test_the_source_digest_stays_the_same_in_every_release():
    digest = source_sha256(read_directory(BytesSource(make_archive(DATA, ENV))), ".env")

    assert digest == "61af3a40faae7efcc4e03f9a3c217ac83335cfab306a911c13a2c0487a698c2c"


def test_members_are_listed_with_their_full_sizes(archive):
    listed = [tuple(member) for member in list_members(read_directory(BytesSource(archive)))]

    with zipfile.ZipFile(BytesIO(archive)) as reader:
        infos = reader.infolist()
    assert [member[1:] for member in listed] == [
        (info.compress_type, info.CRC, info.compress_size, info.file_size, info.external_attr) for info in infos
    ]
    assert [member[0] for member in listed] == [part.name for part in take_apart(archive).parts]


def test_the_file_is_read_like_other_readers_read_it(archive):
    source = BytesSource(archive)

    content = read_member(source, read_directory(source), ".env")

    with zipfile.ZipFile(BytesIO(archive)) as reader:
        assert content == (reader.read(".env") if ".env" in reader.namelist() else None)


def test_a_replaced_file_keeps_mode_date_and_comment():
    before = make_archive(APP, Entry(b".env", mode=0o100664, comment=b"ours"), DATA)

    with zipfile.ZipFile(BytesIO(rewrite_bytes(before, NEW))) as after:
        info = after.getinfo(".env")

    assert (info.external_attr >> 16, info.comment, info.create_system) == (0o100664, b"ours", 3)
    assert info.date_time == (2025, 11, 22, 15, 18, 34)
    assert NOW == (0x7A51, 0x5B76)


def test_a_new_file_is_readable_by_all_and_has_the_earliest_date():
    with zipfile.ZipFile(BytesIO(rewrite_bytes(make_archive(APP), NEW))) as after:
        info = after.getinfo(".env")

    assert (info.external_attr >> 16, info.date_time) == (0o100644, (1980, 1, 1, 0, 0, 0))
    assert (info.compress_type, info.extract_version, info.flag_bits) == (0, 20, 0)


def test_a_file_packed_without_a_mode_becomes_readable_by_all():
    before = make_archive(Entry(b".env", mode=0, made_by=20))

    with zipfile.ZipFile(BytesIO(rewrite_bytes(before, NEW))) as after:
        info = after.getinfo(".env")

    assert (info.external_attr >> 16, info.create_system) == (0o100644, 3)


@pytest.mark.parametrize(("mode", "readable"), [(0o100600, 0o100644), (0o100750, 0o100754), (0o600, 0o100644)])
def test_only_the_replaced_file_becomes_readable_by_all(mode, readable):
    before = make_archive(Entry(b"app.py", mode=0o100600), Entry(b".env", mode=mode))

    with zipfile.ZipFile(BytesIO(rewrite_bytes(before, NEW))) as after:
        modes = [info.external_attr >> 16 for info in after.infolist()]

    assert modes == [0o100600, readable]


def test_a_file_that_python_packed_from_a_string_becomes_readable_by_all():
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(".env", "A=1\n")

    with zipfile.ZipFile(BytesIO(rewrite_bytes(buffer.getvalue(), NEW))) as after:
        mode = after.getinfo(".env").external_attr >> 16

    assert mode == 0o100644


def test_a_replaced_file_keeps_its_place_in_the_directory():
    after = take_apart(rewrite_bytes(make_archive(APP, ENV, DATA, ENV, Entry(b"z")), NEW))

    assert [part.name for part in after.parts] == [b"app.py", b"data/table.bin", b".env", b"z"]


def test_several_files_are_replaced_and_added_at_once():
    files = {"conf/app.env": b"N=1\n", ".env": b"", "data/table.bin": b"\0"}

    after = rewrite_bytes(SOUND["in the middle"], files)

    with zipfile.ZipFile(BytesIO(after)) as reader:
        assert {name: reader.read(name) for name in files} == files
        assert reader.namelist() == ["app.py", ".env", "data/table.bin", "conf/app.env"]
        assert reader.testzip() is None
    assert take_apart(after).dead == 0


def test_a_file_in_a_folder_of_the_archive_is_replaced():
    before = make_archive(Entry(b"conf/", b"", mode=0o040755), Entry(b"conf/.env", b"A=1\n"), ENV)

    after = rewrite_bytes(before, {"conf/.env": b"A=2\n"})

    check_rewrite(before, after, "conf/.env", b"A=2\n")


@pytest.mark.parametrize("size", [1, 16, 30, 200])
@pytest.mark.parametrize("kind", ["", "sI"])
def test_dead_bytes_between_members_are_omitted(size, kind):
    gap = b"#" * size
    before = make_archive(Entry(b"a", gap=gap, descriptor=kind), ENV, Entry(b"b", gap=gap, descriptor=kind))

    after = rewrite_bytes(before, NEW)

    assert take_apart(before).dead == 2 * size
    check_rewrite(before, after, ".env", NEW[".env"])
    assert b"#" not in after


@pytest.mark.parametrize("size", [40, 44])
@pytest.mark.parametrize("extra", [b"", b"UT\5\0\1abcd", b"UT\x10\0" + bytes(16), b"UT\x14\0" + bytes(20)], ids=len)
def test_a_hidden_member_of_the_length_of_zip64_sizes_and_a_descriptor_is_omitted(size, extra):
    ghost = make_archive(Entry(b".env", b"GHOST=1234"))[:size]
    member = Entry(b"a", gap=ghost, flags=8, extra=extra, local_extra=extra)
    before = make_archive(member, ENV, Entry(b"b"))

    after = rewrite_bytes(before, NEW)

    assert b"GHOST" in before
    assert b"GHOST" not in after


def test_an_unlisted_member_is_omitted():
    ghost = make_archive(Entry(b".env", b"GHOST=1\n"))[:42]
    before = make_archive(Entry(b"a", gap=ghost), Entry(b"b"))

    after = rewrite_bytes(before, NEW)

    assert b"GHOST" in before
    assert b"GHOST" not in after


def test_a_rewrite_adds_zip64_records_only_from_65535_members():
    entries = [Entry(b"%05d" % number, b"") for number in range(65_534)]
    whole = make_archive(*entries)

    one, two = rewrite_bytes(whole, NEW), rewrite_bytes(whole, {**NEW, "b": b""})

    assert [data.count(b"PK\6\6") for data in (whole, one, two)] == [0, 1, 1]
    with zipfile.ZipFile(BytesIO(two)) as reader:
        assert len(reader.namelist()) == 65_536
        assert reader.read(".env") == NEW[".env"]
    assert rewrite_bytes(two, NEW)[-22:] == two[-22:]


def test_a_plan_can_be_read():
    directory = read_directory(BytesSource(make_archive(Entry(b"app.py"), ENV, DATA)))

    lines = [str(step) for step in plan_rewrite(directory, NEW)]

    assert lines == [
        "keep 37 bytes from byte 0",
        "keep 1068 bytes from byte 92",
        "write 224 bytes: .env, directory of 3 members",
    ]


def test_kept_runs_may_be_reordered():
    before = SOUND["in the middle"]

    steps = plan_rewrite(read_directory(BytesSource(before)), NEW, lambda runs: runs[::-1])

    after = b"".join(before[s.start : s.start + s.length] if isinstance(s, Keep) else s.data for s in steps)
    check_rewrite(before, after, ".env", NEW[".env"])
    assert after.index(DATA.data) < after.index(APP.packed())


def test_the_directory_has_the_prefix_and_the_unpacked_size():
    directory = read_directory(BytesSource(SOUND["with a stub in front"]))

    assert directory.prefix == len(b"#!/bin/sh\nexec unzip $0\n")
    assert unpacked_size(directory) == len(APP.data) + len(ENV.data) + len(DATA.data)
