"""Pack the local code that a template names, and replace each path with the S3 key that ``deploy`` uploads to."""

from collections.abc import Sequence
from contextlib import suppress
from copy import copy
from pathlib import Path
from typing import NamedTuple

from macro.errors import Problem, Problems
from macro.plugin import Json, Template
from macro.plugins.function import name_bucket
from macro.template.counters import TYPE

TYPES = (TYPE, "Custom::LambdaFunction", "AWS::Lambda::Function")
"""Resources whose ``Code`` may be a local path."""


class Upload(NamedTuple):
    """A zip, its key in the installation's bucket, and the local path that it is made from."""

    path: Path
    key: str
    content: bytes


class Packing(NamedTuple):
    """A template without local paths, the uploads that it requires, and the problems of paths that can't be packed."""

    template: Template
    uploads: Sequence[Upload] = ()
    problems: Sequence[Problem] = ()


def pack_local_code(template: Template, folder: Path, suffix: str) -> Packing:
    """The template with S3 keys instead of local paths. The input template is not modified.

    Paths are relative to ``folder``. ``suffix`` is the installation's suffix. A path that can't be packed gets the key
    of an empty zip.
    """
    paths = _find_paths(template)
    if not paths:
        return Packing(template)
    problems = Problems(("Resources",))
    packed: dict[str, Upload] = {}
    result = copy(template)
    result["Resources"] = changed = copy(template["Resources"])
    for logical_id, path in paths.items():
        upload = packed.get(path) or _pack(folder / path, path, problems.at(logical_id, "Properties", "Code"))
        if upload.content:
            packed[path] = upload
        code = {"S3Bucket": name_bucket(suffix), "S3Key": upload.key}
        changed[logical_id] = _replace(changed[logical_id], code)
    # Several paths can have the same content.
    uploads = {upload.key: upload for upload in packed.values()}
    return Packing(result, list(uploads.values()), list(problems))


def list_local_code(template: Template, folder: Path) -> list[Path]:
    """The local code files of a template. Files that can't be found are omitted."""
    from macro.cli.package.code_zip import find_files

    files: list[Path] = []
    for place in dict.fromkeys(folder / path for path in _find_paths(template).values()):
        # Packing reports files that can't be read.
        with suppress(OSError):
            files += [place / name for name in find_files(place)] if place.is_dir() else [place]
    return files


def _find_paths(template: Template) -> dict[str, str]:
    """The local path of each resource that names one, by logical ID."""
    resources = template.get("Resources")
    found = resources.items() if isinstance(resources, dict) else ()
    return {logical_id: path for logical_id, resource in found if (path := _get_path(resource))}


def _get_path(resource: Json) -> str | None:
    if not isinstance(resource, dict) or resource.get("Type") not in TYPES:
        return None
    properties = resource.get("Properties")
    code = properties.get("Code") if isinstance(properties, dict) else None
    # A value that starts like an S3 address is treated as an S3 address, even if the address is wrong.
    return code if isinstance(code, str) and not code.lower().startswith("s3:") else None


def _pack(local: Path, path: str, problems: Problems) -> Upload:
    # Most templates name no local code. The command starts faster without these imports.
    import hashlib

    from macro.cli.package.code_zip import CodeError, zip_code

    content = b""
    try:
        content = zip_code(local)
    except CodeError as error:
        problems.add(f"{path!r}: {error}")
    return Upload(local, f"code/{hashlib.sha256(content).hexdigest()}.zip", content)


def _replace(resource: Json, code: Json) -> Json:
    result, properties = copy(resource), copy(resource["Properties"])
    properties["Code"] = code
    result["Properties"] = properties
    return result
