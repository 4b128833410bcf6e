"""One case for each refusal, with the complete message."""

import stat
import struct
import tracemalloc
import zlib
from typing import NamedTuple

import pytest

from tests.support.archives import Entry, make_archive
from transform_lambda.zip.directory import read_directory
from transform_lambda.zip.member import read_member
from transform_lambda.zip.plan import plan_rewrite
from transform_lambda.zip.refused import CODES, REPACK, ZipError
from transform_lambda.zip.source import BytesSource
from transform_lambda.zip.write import rewrite_bytes

A, B, ENV = Entry(b"a", b"1"), Entry(b"b", b"2"), Entry(b".env", b"A=1\n")
SOUND = make_archive(A, ENV, B)
NAME = 46
"""Position of the name in a directory record."""


class Case(NamedTuple):
    code: str
    message: str
    archive: bytes
    path: str = ".env"


def patched(at, new, archive=SOUND):
    at %= len(archive)
    return archive[:at] + new + archive[at + len(new) :]


def unicode_path(name):
    return struct.pack("<HHBI", 0x7075, 5 + len(name), 1, 0) + name


def deflated_to(size):
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    return engine.compress(bytes(size)) + engine.flush()


MIB = 1 << 20
BOMB = deflated_to(MIB + 1)
LINK, DEVICE = stat.S_IFLNK | 0o777, stat.S_IFCHR | 0o644

CASES = {
    "empty": Case("not-a-zip", "this is not a zip archive: it has no end record; {REPACK}", b""),
    "text": Case("not-a-zip", "this is not a zip archive: it has no end record; {REPACK}", b"Not found\n" * 9),
    "bytes behind the end": Case(
        "not-a-zip",
        "7 bytes follow the end record; upload the original archive again, or {REPACK}",
        SOUND + b"padding",
    ),
    "comment cut off": Case(
        "not-a-zip",
        "the last 3 bytes are missing; upload the original archive again, or {REPACK}",
        make_archive(A, comment=b"remark")[:-3],
    ),
    "end record cut off": Case(
        "not-a-zip",
        "the last 2 bytes are missing; upload the original archive again, or {REPACK}",
        SOUND[:-2],
    ),
    "end record in the comment": Case(
        "second-end",
        "the archive has a second end record in its comment; readers differ; {REPACK}",
        make_archive(A, ENV, comment=make_archive(ENV)),
    ),
    "signature in the comment": Case(
        "second-end",
        "the archive has a second end record in its comment; readers differ; {REPACK}",
        make_archive(A, ENV, comment=b"see PK\5\6 there, and then 22 bytes"),
    ),
    "two directories": Case(
        "second-directory",
        "there is a directory at byte 0 and one at byte 82; readers differ; {REPACK}",
        make_archive(A, prefix=make_archive(ENV)[38:-22], end={5: 0}),
    ),
    "first part of several": Case(
        "split",
        "this is one part of a split archive; join the parts with: zip -s 0, or {REPACK}",
        make_archive(A, end={0: 1, 1: 1}),
    ),
    "members elsewhere": Case(
        "split",
        "this is one part of a split archive; join the parts with: zip -s 0, or {REPACK}",
        make_archive(A, end={3: 2}),
    ),
    "zip64 on two disks": Case(
        "split",
        "this is one part of a split archive; join the parts with: zip -s 0, or {REPACK}",
        patched(-26, b"\2", make_archive(A, zip64=True)),
    ),
    "member on another disk": Case(
        "split",
        "'b' is on part 3 of a split archive; {REPACK}",
        make_archive(A, Entry(b"b", record={13: 2})),
    ),
    "zip64 end record lost": Case(
        "directory",
        "the zip64 end record is not where its locator is; {REPACK}",
        patched(-98, b"PK\0\0", make_archive(A, zip64=True)),
    ),
    "end records that disagree": Case(
        "directory",
        "the zip64 end record and the plain one disagree; {REPACK}",
        make_archive(A, B, zip64=True, end={2: 1, 3: 1}),
    ),
    "directory beyond the archive": Case(
        "directory",
        "the end record places the directory where it cannot be; {REPACK}",
        make_archive(A, end={4: 5000}),
    ),
    "directory behind the end": Case(
        "directory",
        "the end record places the directory where it cannot be; {REPACK}",
        make_archive(A, end={5: 5000}),
    ),
    "zip64 locator elsewhere": Case(
        "directory",
        "the end record places the directory where it cannot be; {REPACK}",
        patched(-34, b"\1", make_archive(A, zip64=True)),
    ),
    "more members said": Case(
        "directory",
        "the directory does not match the end record (3 members in 94 bytes); {REPACK}",
        make_archive(A, B, end={2: 3, 3: 3}),
    ),
    "fewer members said": Case(
        "directory",
        "the directory does not match the end record (1 members in 94 bytes); {REPACK}",
        make_archive(A, B, end={2: 1, 3: 1}),
    ),
    "record that starts elsewhere": Case(
        "directory",
        "the directory does not match the end record (2 members in 95 bytes); {REPACK}",
        make_archive(Entry(b"a", record={11: 1}, comment=b"c"), B).replace(b"PK\1\2", b"PK\1\1", 1),
    ),
    "lengths that run over": Case(
        "directory",
        "the directory does not match the end record (2 members in 94 bytes); {REPACK}",
        make_archive(Entry(b"a", record={12: 40}), B),
    ),
    "wide without zip64": Case(
        "directory",
        "'a' has no zip64 sizes; {REPACK}",
        make_archive(Entry(b"a", record={9: 0xFFFFFFFF}), ENV),
    ),
    "later than the format": Case(
        "version",
        "'b' needs version 6.4 of the zip format, which ends at 6.3; {REPACK}",
        make_archive(ENV, Entry(b"b", record={2: 64})),
    ),
    "encrypted": Case(
        "encrypted", "'b' is encrypted; {REPACK}, without a password", make_archive(ENV, Entry(b"b", flags=1))
    ),
    "stored with two sizes": Case(
        "sizes",
        "'b' is stored, with 1 bytes packed but 2 unpacked; {REPACK}",
        make_archive(ENV, Entry(b"b", record={9: 2})),
    ),
    "two members in one place": Case(
        "overlap",
        "'b' shares bytes with 'a'; {REPACK}",
        make_archive(A, Entry(b"b", record={16: 0}), ENV, order=[1, 0, 2]),
    ),
    "member over the next": Case(
        "overlap",
        "'a' shares bytes with '.env'; {REPACK}",
        make_archive(Entry(b"a", record={8: 9, 9: 9}), ENV),
    ),
    "member over the directory": Case(
        "overlap",
        "'.env' reaches into the directory; {REPACK}",
        make_archive(A, Entry(b".env", b"A=1\n", record={8: 5, 9: 5})),
    ),
    "extra field over the next": Case(
        "overlap",
        "'a' shares bytes with '.env'; {REPACK}",
        make_archive(Entry(b"a", local={10: 99}, gap=b"gap"), ENV),
    ),
    "offset behind all": Case(
        "overlap",
        "'a' starts at byte 2147483648 according to the directory, after all members; {REPACK}",
        make_archive(Entry(b"a", record={16: 1 << 31}), ENV),
    ),
    "offset behind the archive": Case(
        "overlap",
        "'b' reaches into the directory; {REPACK}",
        make_archive(A, Entry(b"b", record={16: 5000}), ENV),
    ),
    "member in front of the first": Case(
        "hidden",
        "the archive starts with a member that its directory does not name; {REPACK}",
        make_archive(A, prefix=make_archive(ENV)[:38]),
    ),
    **{
        f"file behind a stub, {kind}": Case(
            "hidden",
            "another '.env' precedes the first member; {REPACK}",
            make_archive(A, prefix=stub + make_archive(ENV)[:38], is_adjusted=is_adjusted),
        )
        for kind, stub, is_adjusted in [
            ("adjusted", b"#!stub\n", True),
            ("not adjusted", b"#!stub\n", False),
            ("over the border of a chunk", bytes((1 << 20) - 10), True),
            ("in a later chunk", bytes(1_500_000), True),
        ]
    },
    "archive behind a stub": Case(
        "hidden",
        "more than 1000 unlisted members precede the first one; {REPACK}",
        make_archive(A, prefix=make_archive(*[B] * 1001, prefix=b"#!stub\n")),
    ),
    "no header where one should be": Case(
        "header",
        "'a' has no local header at byte 0, where the directory says; {REPACK}",
        make_archive(Entry(b"a", local={0: 7}, gap=b"gap"), ENV),
    ),
    "header with a name of another length": Case(
        "header",
        "'b' has a local header that differs from the directory in name; {REPACK}",
        make_archive(Entry(b"b", local={9: 0}, gap=b"gap"), ENV),
    ),
    "header with another name": Case(
        "header",
        "'.env' has a local header that differs from the directory in name; {REPACK}",
        SOUND.replace(b".env", b".enw", 1),
    ),
    "header with another method": Case(
        "header",
        "'.env' has a local header that differs from the directory in method or flags; {REPACK}",
        make_archive(Entry(b".env", local={3: 8})),
    ),
    "header with other flags": Case(
        "header",
        "'.env' has a local header that differs from the directory in method or flags; {REPACK}",
        make_archive(Entry(b".env", local={2: 1})),
    ),
    "header with another CRC-32": Case(
        "header",
        "'.env' has a local header that differs from the directory in sizes or CRC-32; {REPACK}",
        make_archive(Entry(b".env", local={6: 1})),
    ),
    "header that is none": Case(
        "header",
        "'.env' has a local header that differs from the directory in place; {REPACK}",
        make_archive(Entry(b".env", local={0: 1})),
    ),
    "header longer than the member": Case(
        "header",
        "'.env' has a local header that differs from the directory in place; {REPACK}",
        make_archive(Entry(b".env", local={10: 1})),
    ),
    "packed by another method": Case(
        "method",
        "'.env' is packed by method 12; {REPACK}",
        make_archive(Entry(b".env", local={3: 12}, record={4: 12})),
    ),
    "CRC-32 of something else": Case(
        "data",
        "'.env' does not unpack to the size and CRC-32 recorded for it; {REPACK}",
        make_archive(Entry(b".env", local={6: 1}, record={7: 1})),
    ),
    "not deflated": Case(
        "data",
        "'.env' cannot be inflated; {REPACK}",
        make_archive(Entry(b".env", b"\xff\xff\xff", local={3: 8}, record={4: 8})),
    ),
    "deflate stream cut": Case(
        "data",
        "'.env' does not end where its packed data ends; {REPACK}",
        make_archive(Entry(b".env", deflated_to(50)[:-1], local={3: 8}, record={4: 8})),
    ),
    "bytes behind the deflate stream": Case(
        "data",
        "'.env' does not end where its packed data ends; {REPACK}",
        make_archive(Entry(b".env", deflated_to(50) + b"x", local={3: 8}, record={4: 8})),
    ),
    "bomb that admits it": Case(
        "too-large",
        "'.env' must have at most 1048576 bytes, got 1048577",
        make_archive(Entry(b".env", BOMB, local={3: 8, 8: MIB + 1}, record={4: 8, 9: MIB + 1})),
    ),
    "bomb that says it is small": Case(
        "too-large",
        "'.env' must have at most 1048576 bytes, but inflates to more",
        make_archive(Entry(b".env", BOMB, local={3: 8, 8: 4}, record={4: 8, 9: 4})),
    ),
    **{
        f"name {name!r}": Case(
            "alias",
            f"{shown} unpacks onto '.env' with some readers; {{REPACK}}",
            make_archive(ENV, Entry(name)),
        )
        for name, shown in {
            b"./.env": "'./.env'",
            b"/.env": "'/.env'",
            b"a/../.env": "'a/../.env'",
            b"../.env": "'../.env'",
            b".\\.env": "'.\\\\\\\\.env'".replace("\\\\\\\\", "\\\\"),
            b".//.env": "'.//.env'",
            b".env\0.txt": "'.env\\x00.txt'",
            b".env\\": "'.env\\\\'",
        }.items()
    },
    "name in a folder with a backslash": Case(
        "alias",
        "'conf\\\\.env' unpacks onto 'conf/.env' with some readers; {REPACK}",
        make_archive(Entry(b"conf\\.env")),
        "conf/.env",
    ),
    "Unicode path onto it": Case(
        "alias",
        "'b' unpacks onto '.env' with some readers; {REPACK}",
        make_archive(Entry(b"b", extra=unicode_path(b".env"))),
    ),
    "Unicode path away from it": Case(
        "alias",
        "'.env' has the name 'c' in its extra field; {REPACK}",
        make_archive(Entry(b".env", extra=unicode_path(b"c"))),
    ),
    "a directory": Case(
        "not-a-file",
        "'.env/' is a directory; {REPACK}, with a file of that name",
        make_archive(Entry(b".env/", b"", mode=0o040755)),
    ),
    "a directory by its mode": Case(
        "not-a-file",
        "'.env' is a directory; {REPACK}, with a regular file of that name",
        make_archive(Entry(b".env", b"", mode=0o040755)),
    ),
    "a directory by its DOS attribute": Case(
        "not-a-file",
        "'.env' is a directory; {REPACK}, with a regular file of that name",
        make_archive(Entry(b".env", b"", record={15: 0x10})),
    ),
    "a directory by what is in it": Case(
        "not-a-file",
        "'.env/production' makes '.env' a directory; {REPACK}, without it",
        make_archive(Entry(b".env/production")),
    ),
    "a symlink": Case(
        "not-a-file",
        "'.env' is a symlink; {REPACK}, with a regular file of that name",
        make_archive(Entry(b".env", b"other", mode=LINK)),
    ),
    "a device": Case(
        "not-a-file",
        "'.env' is a device or pipe; {REPACK}, with a regular file of that name",
        make_archive(Entry(b".env", b"", mode=DEVICE)),
    ),
    "below a file": Case(
        "not-a-file",
        "'conf/.env' is inside 'conf', which is not a directory; {REPACK}",
        make_archive(Entry(b"conf")),
        "conf/.env",
    ),
    "below a symlink": Case(
        "not-a-file",
        "'conf/.env' is inside 'conf', which is not a directory; {REPACK}",
        make_archive(Entry(b"conf", b"lib", mode=LINK)),
        "conf/.env",
    ),
    "below a symlink that is called like a directory": Case(
        "not-a-file",
        "'conf/.env' is inside 'conf/', which is not a directory; {REPACK}",
        make_archive(Entry(b"conf/", b"lib", mode=LINK)),
        "conf/.env",
    ),
    "far below a symlink that is called like a directory": Case(
        "not-a-file",
        "'app/conf/.env' is inside 'app/', which is not a directory; {REPACK}",
        make_archive(Entry(b"app/", b"lib", mode=LINK), Entry(b"app/conf/", b"", mode=0o040755)),
        "app/conf/.env",
    ),
    "below a symlink with another slash": Case(
        "not-a-file",
        "'conf/.env' is inside 'conf\\\\', which is not a directory; {REPACK}",
        make_archive(Entry(b"conf\\", b"lib", mode=LINK)),
        "conf/.env",
    ),
}


def read_and_plan(data, path):
    source = BytesSource(data)
    directory = read_directory(source)
    plan_rewrite(directory, {path: b"B=2\n"})
    read_member(source, directory, path)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_an_unsafe_archive_is_refused_with_the_member_and_the_remedy(case):
    with pytest.raises(ZipError) as caught:
        read_and_plan(case.archive, case.path)

    assert str(caught.value) == case.message.replace("{REPACK}", REPACK)
    assert caught.value.code == case.code


def test_an_endless_member_costs_little_memory():
    archive = make_archive(Entry(b".env", deflated_to(64 * MIB), local={3: 8, 8: 4}, record={4: 8, 9: 4}))
    source = BytesSource(archive)
    directory = read_directory(source)

    tracemalloc.start()
    try:
        with pytest.raises(ZipError, match="must have at most"):
            read_member(source, directory, ".env")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 4 * MIB


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../x", "a//b", "a/", "./a", "a\\b", "a\nb", "a\0b", "ä", "\udc80", "a" * 256]
)
def test_an_invalid_path_is_refused(path):
    with pytest.raises(ZipError) as caught:
        rewrite_bytes(SOUND, {path: b""})

    assert str(caught.value).endswith(" cannot be a file in the archive: give a path like '.env' or 'app/.env'")
    assert caught.value.code == "path"


def test_a_path_inside_another_written_file_is_refused():
    with pytest.raises(ZipError) as caught:
        rewrite_bytes(SOUND, {"conf": b"", "conf/.env": b""})

    assert str(caught.value) == "'conf/.env' needs a folder 'conf', which is another file to write; rename one of them"
    assert caught.value.code == "path"


def test_new_content_beyond_the_limit_is_refused():
    with pytest.raises(ZipError) as caught:
        rewrite_bytes(SOUND, {".env": bytes(MIB + 1)})

    assert str(caught.value) == "'.env' must have at most 1048576 bytes, got 1048577"
    assert caught.value.code == "too-large"


def test_a_directory_beyond_the_limit_is_refused_before_it_is_read():
    directory = 33 << 20
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, directory, 0, 0)

    with pytest.raises(ZipError) as caught:
        read_directory(BytesSource(bytes(directory) + end))

    assert str(caught.value) == "the directory has 34603008 bytes, more than 33554432; pack fewer files"
    assert caught.value.code == "too-large"


def test_a_source_that_ends_early_is_refused():
    with pytest.raises(ZipError) as caught:
        BytesSource(b"12345").read(3, 4)

    assert str(caught.value) == "the archive ends at byte 5, where 7 were expected; try again"
    assert caught.value.code == "changed"


def test_a_member_that_would_move_too_far_is_refused():
    directory = read_directory(BytesSource(make_archive(A, ENV, B)))

    with pytest.raises(ZipError) as caught:
        plan_rewrite(directory, {".env": b""}, lambda runs: [runs[0]._replace(length=1 << 32), *runs[1:]])

    assert str(caught.value) == "a member would move beyond 4 GiB, and has no zip64 offset for it"
    assert caught.value.code == "too-large"


def test_every_code_is_explained_and_tested():
    tested = {case.code for case in CASES.values()} | {"path", "too-large", "changed"}

    assert tested == CODES.keys()


def test_long_and_odd_names_are_shortened_in_messages():
    with pytest.raises(ZipError) as caught:
        rewrite_bytes(make_archive(Entry(b"\xff\x1b" + b"n" * 300, flags=1)), {})

    assert str(caught.value) == f"'\\\\xff\\x1b{'n' * 86}...' is encrypted; {REPACK}, without a password"
