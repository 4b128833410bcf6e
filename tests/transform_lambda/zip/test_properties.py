"""Every archive, with any content, is rewritten correctly or refused clearly."""

import random
import struct
import subprocess
import sys
import zipfile
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.archives import Entry, check_rewrite, make_archive
from transform_lambda.zip.directory import read_directory
from transform_lambda.zip.member import read_member
from transform_lambda.zip.members import source_sha256
from transform_lambda.zip.refused import CODES, ZipError
from transform_lambda.zip.source import BytesSource
from transform_lambda.zip.write import rewrite_bytes

EXTRAS = st.binary(max_size=12).map(lambda data: b"\xfe\xca" + len(data).to_bytes(2, "little") + data) | st.just(b"")
NAMES = st.text("abc.-_/ é", min_size=1, max_size=12).map(str.encode) | st.sampled_from([b".env", b"x/.env", b".envrc"])


@st.composite
def entries(draw):
    extra = draw(EXTRAS)
    gap = draw(st.sampled_from([b"", b"", b"?", b"dead bytes that nobody names any more"]))
    return Entry(
        draw(NAMES),
        draw(st.binary(max_size=200)),
        deflated=draw(st.booleans()),
        mode=draw(st.sampled_from([0o100644, 0o100755, 0o100600, 0o120777, 0o040755, 0])),
        extra=extra,
        local_extra=extra if gap else draw(EXTRAS),
        comment=draw(st.binary(max_size=8)),
        descriptor=draw(st.sampled_from(["", "", "I", "sI", "Q", "sQ"])),
        gap=gap,
    )


@st.composite
def archives(draw):
    members = draw(st.lists(entries(), max_size=6, unique_by=lambda entry: entry.name))
    return make_archive(
        *members,
        prefix=draw(st.sampled_from([b"", b"", b"#!stub\n"])),
        is_adjusted=draw(st.booleans()),
        comment=draw(st.binary(max_size=8)),
        zip64=draw(st.booleans()),
        order=draw(st.permutations(range(len(members)))),
    )


def refusal_of(action, *arguments):
    """The refusal, None without one. No other error may be raised."""
    try:
        action(*arguments)
    except ZipError as error:
        return error
    return None


def is_clear(refusal):
    return refusal.code in CODES and len(str(refusal)) < 400 and str(refusal).isprintable()


def names_in(data):
    """All names except the env file's, in directory order. None if Python's reader refuses the archive."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            return [info.orig_filename for info in archive.infolist() if info.orig_filename != ".env"]
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error):
        return None


@given(archives(), st.binary(max_size=300))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_an_archive_is_rewritten_correctly_or_refused(data, content):
    refusal = refusal_of(rewrite_bytes, data, {".env": content})
    if refusal:
        assert is_clear(refusal)
        return

    after = rewrite_bytes(data, {".env": content})

    check_rewrite(data, after, ".env", content, most_dead=200)
    assert b"nobody names" not in after
    with zipfile.ZipFile(BytesIO(after)) as archive:
        assert archive.testzip() is None
    assert rewrite_bytes(after, {".env": content}) == after
    digests = {source_sha256(read_directory(BytesSource(each)), ".env") for each in (data, after)}
    assert len(digests) == 1


@given(archives())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_rewritten_archive_can_be_rewritten_and_read(data):
    if refusal_of(rewrite_bytes, data, {".env": b"A=1\n"}):
        return

    source = BytesSource(rewrite_bytes(data, {".env": b"A=1\n"}))

    assert read_member(source, read_directory(source), ".env") == b"A=1\n"


@given(st.binary(max_size=400))
def test_any_bytes_are_rewritten_or_refused(data):
    assert is_clear(refusal_of(rewrite_bytes, data, {".env": b""}))


INTERESTING = [0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF]


def mutated(data, chance):
    """A copy with one to four faults that break readers."""
    data = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) or 1)
        kind = chance.randrange(6)
        if kind == 0:
            data[at : at + 1] = [chance.randrange(256)]
        elif kind == 1:
            width = chance.choice([2, 4, 8])
            data[at : at + width] = (chance.choice(INTERESTING) & (1 << 8 * width) - 1).to_bytes(width, "little")
        elif kind == 2:
            del data[at : at + chance.randint(1, 40)]
        elif kind == 3:
            data[at:at] = data[at // 2 :][: chance.randint(1, 60)]
        elif kind == 4:
            data[at:at] = chance.choice([b"PK\5\6", b"PK\1\2", b"PK\3\4", b"PK\6\6", b"PK\6\7", b".env", b"\0"])
        else:
            data = data[: at + 1]
    return bytes(data)


def fuzzed(seed):
    chance = random.Random(seed)
    kinds = ["", "I", "sI", "Q", "sQ"]
    members = [
        Entry(
            b"%d.py" % number,
            b"%d" % number * chance.randint(0, 40),
            chance.random() < 0.5,
            descriptor=chance.choice(kinds),
        )
        for number in range(chance.randint(0, 5))
    ]
    members.insert(chance.randint(0, len(members)), Entry(b".env", b"A=1\n", descriptor=chance.choice(kinds)))
    prefix = chance.choice([b"", b"", b"#!stub\n"])
    sound = make_archive(*members, prefix=prefix, zip64=chance.random() < 0.3, comment=chance.choice([b"", b"remark"]))
    return mutated(sound, chance)


@pytest.mark.parametrize("start", range(0, 12_000, 3_000))
def test_a_damaged_archive_is_rewritten_correctly_or_refused(start):
    refusals = []
    for seed in range(start, start + 3_000):
        data = fuzzed(seed)
        refusal = refusal_of(rewrite_bytes, data, {".env": b"B=2\n"})
        if refusal:
            refusals.append(refusal)
            continue
        refusal_of(read_member, BytesSource(data), read_directory(BytesSource(data)), ".env")
        after, names = rewrite_bytes(data, {".env": b"B=2\n"}), names_in(data)
        if names is not None:
            assert names_in(after) == names, seed
            with zipfile.ZipFile(BytesIO(after)) as archive:
                assert archive.read(".env") == b"B=2\n", seed

    assert all(is_clear(refusal) for refusal in refusals)
    assert 600 < len(refusals) < 2_900


def test_hostile_directories_cost_little_memory_and_time():
    code = """
import resource, struct
from transform_lambda.zip.refused import ZipError
from transform_lambda.zip.write import rewrite_bytes
record = struct.pack("<I6H3I5H2I", 0x02014B50, *[0] * 16)
end = lambda count, size: struct.pack("<4s4H2IH", b"PK\\5\\6", 0, 0, count, count, size, 0, 0)
before = resource.getrusage(resource.RUSAGE_SELF)
for data in (
    record * 65535 + end(65535, len(record) * 65535),
    record * 65535 + end(65535, len(record)),
    b"PK\\5\\6" * 20000,
    b"PK\\5\\6" * 20000 + end(0, 0),
    (record + b".env") * 60000 + end(60000, 50 * 60000),
):
    try:
        rewrite_bytes(data, {".env": b""})
    except ZipError as error:
        print(error.code)
after = resource.getrusage(resource.RUSAGE_SELF)
assert after.ru_utime - before.ru_utime < 5, after.ru_utime
assert after.ru_maxrss - before.ru_maxrss < 60_000, after.ru_maxrss
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)

    assert done.stderr == ""
    assert done.stdout.split() == ["overlap", "second-directory", "not-a-zip", "second-end", "directory"]
