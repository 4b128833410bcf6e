"""Plan how new values change a local archive, without writing anything."""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from transform_lambda.env.file import encode_values, merge_env_file
from transform_lambda.zip.directory import Directory, read_directory
from transform_lambda.zip.member import read_member
from transform_lambda.zip.members import list_members, source_sha256
from transform_lambda.zip.plan import Keep, Step, plan_rewrite
from transform_lambda.zip.source import Source, open_source

_CHUNK = 1 << 20


class Change(NamedTuple):
    """An archive before and after; sizes in bytes."""

    path: str
    before: bytes | None
    """The env file's content. None if the archive has no env file."""
    after: bytes | None
    kept: list[str]
    """The names of all other members, in directory order."""
    old_size: int
    new_size: int
    code_sha256: str
    """SHA-256 of the new archive in base64, like Lambda's `CodeSha256`."""
    source_sha256: str
    """SHA-256 in hex over the directory records of all members except the env file. All stages have the same value."""

    @property
    def files(self) -> dict[str, bytes]:
        """The files to replace or add in the archive: content by path."""
        return {} if self.after is None else {self.path: self.after}


def plan_change(archive: Path, values: Mapping[str, str], path: str, encoding: str) -> Change:
    """The change that a deployment with these values makes. Without values the archive stays unchanged.

    Raises:
        EnvError: the values or the env file cannot be merged.
        ZipError: the archive cannot be read or rewritten safely.
        OSError: the archive's file cannot be read.
    """
    with open(archive, "rb", buffering=0) as file:
        source = open_source(file.fileno())
        directory = read_directory(source)
        before = read_member(source, directory, path)
        after = merge_env_file(before or b"", encode_values(values, encoding)) if values else before
        steps = plan_rewrite(directory, {} if after is None else {path: after})
        return Change(
            path=path,
            before=before,
            after=after,
            kept=_kept(directory, path),
            old_size=source.size,
            new_size=sum(step.length for step in steps),
            code_sha256=_code_sha256(source, steps),
            source_sha256=source_sha256(directory, path),
        )


def _kept(directory: Directory, path: str) -> list[str]:
    names = (bytes(member.name).decode("utf-8", "backslashreplace") for member in list_members(directory))
    return [name for name in names if name != path]


def _code_sha256(source: Source, steps: Iterable[Step]) -> str:
    digest = hashlib.sha256()
    for step in steps:
        if isinstance(step, Keep):
            end = step.start + step.length
            for start in range(step.start, end, _CHUNK):
                digest.update(source.read(start, min(_CHUNK, end - start)))
        else:
            digest.update(step.data)
    return base64.b64encode(digest.digest()).decode("ascii")
