"""Pack a folder or file of code for Lambda, with the same bytes on every machine and day."""

import io
import os
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

from macro.cli.package.archive import FILE, LINK, PROGRAM, Packed, store, write_zip

MAX_UNPACKED_BYTES = 262_144_000
"""Lambda's limit for a function's unpacked code and layers, 250 MiB."""

_MAX_FILES = 65_535
# Tools leave these beside the code. A .env file is code and is packed.
_NOISE_FOLDERS = {"__pycache__", ".git"}
_NOISE = (".pyc", ".DS_Store")


class CodeError(Exception):
    """A path can't be a function's code. The text has the reason and says what would be right."""


def zip_code(path: Path) -> bytes:
    """The zip for a function's code. ``path`` is a zip, a folder or one file.

    A zip is returned unchanged. Other files are stored without compression, because compressed bytes differ between
    machines. Modes are 0644, or 0755 for files that the owner may execute. Links inside the folder stay links.

    Raises:
        CodeError: the path does not exist, can't be read, or can't be a function's code.
    """
    try:
        if path.is_dir():
            return _zip_folder(path, sorted(find_files(path)))
        if not path.exists():
            raise CodeError("there is no such file or folder; code in S3 is named 's3://bucket/key'")
        if not path.is_file():
            raise CodeError("is neither a file nor a folder; name one that holds the function's code")
        if path.suffix == ".zip" or zipfile.is_zipfile(path):
            return _read_zip(path)
        _check_size(path.stat().st_size)
        return write_zip({path.name: _store_file(path)})
    except OSError as error:
        name = f"{os.fsdecode(error.filename)!r} " if error.filename else ""
        raise CodeError(f"{name}can't be read: {error.strerror}") from None


def find_files(folder: Path) -> Iterator[str]:
    """The names of the files to pack, relative to the folder and with slashes."""
    for place, folders, files in os.walk(folder, onerror=_raise):
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        folders[:] = [name for name in folders if name not in _NOISE_FOLDERS and name not in links]
        for name in [*files, *links]:
            if not name.endswith(_NOISE) and name not in _NOISE_FOLDERS:
                yield Path(place, name).relative_to(folder).as_posix()


def _raise(error: OSError) -> None:
    raise error


def _zip_folder(folder: Path, names: list[str]) -> bytes:
    if not names:
        raise CodeError("has no file in it; give a folder with the function's code")
    if len(names) > _MAX_FILES:
        raise CodeError(f"has {len(names):,} files; a zip that Lambda takes has at most {_MAX_FILES:,}")
    _check_size(sum((folder / name).lstat().st_size for name in names))
    members = {}
    for name in names:
        try:
            name.encode()
        except UnicodeEncodeError:
            raise CodeError(f"has a file whose name is not UTF-8, {os.fsencode(name)!r}; rename it") from None
        members[name] = _store(folder, name)
    return write_zip(members)


def _store(folder: Path, name: str) -> Packed:
    path = folder / name
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        target = os.readlink(path)
        inside = os.path.normpath(os.path.join(os.path.dirname(name), target))
        if os.path.isabs(target) or inside.split(os.sep)[0] == os.pardir:
            raise CodeError(f"{name!r} in it is a link that leads out of the folder; put a copy there instead")
        return store(os.fsencode(target), LINK)
    if not stat.S_ISREG(mode):
        raise CodeError(f"{name!r} in it is neither a file nor a folder; remove it")
    return _store_file(path)


def _store_file(path: Path) -> Packed:
    return store(path.read_bytes(), PROGRAM if path.stat().st_mode & stat.S_IXUSR else FILE)


def _read_zip(path: Path) -> bytes:
    content = path.read_bytes()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_size(sum(info.file_size for info in archive.infolist()))
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise CodeError(f"is no zip: {str(error)[:1].lower()}{str(error)[1:].rstrip('.')}") from None
    return content


def _check_size(size: int) -> None:
    if size > MAX_UNPACKED_BYTES:
        text = f"has {size:,} bytes unpacked; Lambda takes at most {MAX_UNPACKED_BYTES:,}"
        raise CodeError(f"{text}: leave out what is not needed")
