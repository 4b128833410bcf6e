"""Prepare code for Lambda: put the env file into an archive, or stage the archive unchanged."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

from transform_lambda.contract import ResourceError
from transform_lambda.ports import CodeStore, CopyError, Place
from transform_lambda.staging.archive import Archive, check_limits, key_under, naming, read_whole
from transform_lambda.staging.parts import Send, long_runs_first, plan_parts
from transform_lambda.zip.plan import Keep, Step, Write, plan_rewrite
from transform_lambda.zip.source import Source
from transform_lambda.zip.write import rewrite_bytes

STAGED = "staged/"
"""The prefix of staged objects' keys. The installation's bucket expires objects with this prefix."""
SMALL = 10 << 20
"""Below this size in bytes, an archive is read whole and sent to Lambda in the call, which takes up to 50 MiB."""

_WAYS = {
    "memory": "rewritten in memory",
    "copied": "copied inside S3",
    "streamed": "streamed through the companion, because S3 cannot copy from there",
    "reused": "staged before",
}
_UNCHANGED_WAYS = {**_WAYS, "memory": "sent from memory"}

Log = Callable[[str], None]


class Code(NamedTuple):
    """Code that is ready for Lambda: an archive in memory or a staged object, and the way it was made."""

    archive: bytes | Place
    way: Literal["memory", "copied", "streamed", "reused"]
    size: int
    """In bytes."""


class Staging:
    """Prepares code with the staging bucket of `store`. `log` gets a sentence about each preparation."""

    def __init__(self, store: CodeStore, log: Log) -> None:
        self._store, self._log = store, log

    def prepare(self, archive: Archive, env: bytes, keep_under: str = "") -> Code:
        """The archive with `env` as its env file, made in the cheapest way.

        Below `SMALL` bytes the code is in memory. Otherwise the code is a staged object named by `code_identity`: an
        existing object, a copy inside S3, or an upload in parts of a few MiB if S3 can't copy (another region). With
        `keep_under` the code is always an object whose key starts with `keep_under`. The caller must remove it.

        Raises:
            ResourceError: as for `open_archive` and `check_limits`, or S3 refuses a request.
        """
        place, size = archive.pinned.place, archive.pinned.size
        with naming(place):
            check_limits(archive, env)
            if size < SMALL and not keep_under:
                data = rewrite_bytes(read_whole(archive), {archive.path: env})
                code = Code(data, "memory", len(data))
            else:
                code = self._stage_with(archive, env, keep_under or STAGED)
        self._log(f"{place}: code of {size} bytes became {code.size} bytes, {_WAYS[code.way]}")
        return code

    def prepare_unchanged(self, archive: Archive, keep_at: str = "") -> Code:
        """The unchanged archive in its pinned state, in memory or staged. Later writes to its object do not affect it.

        With `keep_at` the code is always an object with this key. The caller must remove this object.

        Raises:
            ResourceError: the archive cannot be read in its pinned state, or S3 refuses a request.
        """
        place, size = archive.pinned.place, archive.pinned.size
        with naming(place):
            if size < SMALL and not keep_at:
                code = Code(read_whole(archive), "memory", size)
            else:
                # The ETag depends only on the content, so the place distinguishes objects of equal ETags.
                named = hashlib.sha256(f"{place}\n{archive.pinned.etag}\n{archive.source_sha256}".encode()).hexdigest()
                metadata = {"source-sha256": archive.source_sha256, "source-etag": archive.pinned.etag}
                code = self._stage(archive, keep_at or f"{STAGED}{named}.zip", metadata, [Keep(0, size)])
        self._log(f"{place}: code of {size} bytes, unchanged, {_UNCHANGED_WAYS[code.way]}")
        return code

    def _stage_with(self, archive: Archive, env: bytes, prefix: str) -> Code:
        # A prefix, such as a self-extracting stub, must stay first.
        arrange = list if archive.directory.prefix else long_runs_first
        steps = plan_rewrite(archive.directory, {archive.path: env}, arrange)
        metadata = {"source-sha256": archive.source_sha256, "env-sha256": hashlib.sha256(env).hexdigest()}
        return self._stage(archive, key_under(prefix, archive, env), metadata, steps)

    def _stage(self, archive: Archive, key: str, metadata: Mapping[str, str], steps: Sequence[Step]) -> Code:
        """The staged object with this key and metadata: an existing one, or a new one that the steps make."""
        size = sum(step.length for step in steps)
        staged = self._store.find_staged(key)
        if staged and (staged.size, dict(staged.metadata)) == (size, metadata):
            return Code(staged.place, "reused", size)
        if self._store.can_copy(archive.pinned):
            try:
                return Code(self._upload(archive, key, metadata, list(plan_parts(steps))), "copied", size)
            except CopyError as error:
                self._log(f"{error}; streaming instead")
        parts = list(plan_parts(steps, can_copy=False))
        return Code(self._upload(archive, key, metadata, parts), "streamed", size)

    def _upload(self, archive: Archive, key: str, metadata: Mapping[str, str], parts: Sequence[Keep | Send]) -> Place:
        upload = self._store.start_upload(key, metadata)
        try:
            done = []
            for number, part in enumerate(parts, 1):
                if isinstance(part, Keep):
                    span = range(part.start, part.start + part.length)
                    done.append(self._store.copy_part(upload, number, archive.pinned, span))
                else:
                    done.append(self._store.upload_part(upload, number, _content(archive.source, part.pieces)))
            return self._store.complete_upload(upload, done, sum(part.length for part in parts))
        except BaseException:
            try:
                self._store.abort_upload(upload)
            except ResourceError as error:
                self._log(f"{error}; the bucket's lifecycle rule will drop its parts")
            raise


def _content(source: Source, pieces: Sequence[Step]) -> bytes:
    return b"".join(piece.data if isinstance(piece, Write) else source.read(*piece) for piece in pieces)
