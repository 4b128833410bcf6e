"""Local code named in a template: packed, and replaced by the key under which ``deploy`` uploads it."""

from contextlib import suppress
from copy import copy
from pathlib import Path
from typing import NamedTuple

from macro.errors import InvalidTemplate, Problem
from macro.plugin import Json, Template
from macro.plugins.function import name_bucket
from macro.template import TYPE

TYPES = (TYPE, "Custom::LambdaFunction", "AWS::Lambda::Function")
"""Resources whose ``Code`` may be a local path."""


class Upload(NamedTuple):
    """A zip that the template names by its key in the installation's bucket, and the local path it is made of."""

    path: Path
    key: str
    content: bytes


class Packing(NamedTuple):
    """A template without local paths, what is to be uploaded for it, and what can't be."""

    template: Template
    uploads: list[Upload]
    problems: list[Problem]


def pack_local_code(template: Template, folder: Path, suffix: str) -> tuple[Template, list[Upload]]:
    """The template with local code under its keys, and what to upload; the input is left as it was.

    Paths are relative to ``folder``; ``suffix`` is the installation's. Raises :class:`InvalidTemplate` with all the
    problems there are.
    """
    packing = find_local_code(template, folder, suffix)
    if packing.problems:
        raise InvalidTemplate(packing.problems)
    return packing.template, packing.uploads


def find_local_code(template: Template, folder: Path, suffix: str) -> Packing:
    """What :func:`pack_local_code` gives, with the problems; a path that has one stands for an empty zip."""
    resources: Json = template.get("Resources")
    found = resources.items() if isinstance(resources, dict) else ()
    paths = {name: resource for name, resource in found if _is_local(resource)}
    if not paths:
        return Packing(template, [], [])
    # Most templates have none, and start without these.
    import hashlib

    from macro.local.code_zip import CodeError, zip_code

    changed = copy(resources)
    uploads: dict[str, Upload] = {}
    problems: list[Problem] = []
    packed: dict[str, bytes] = {}
    for logical_id, resource in paths.items():
        path = str(resource["Properties"]["Code"])
        try:
            if path not in packed:
                packed[path] = zip_code(folder / path)
        except CodeError as error:
            problems.append(Problem(("Resources", logical_id, "Properties", "Code"), f"{path!r}: {error}"))
        content = packed.get(path, b"")
        upload = Upload(folder / path, f"code/{hashlib.sha256(content).hexdigest()}.zip", content)
        uploads.setdefault(upload.key, upload)
        changed[logical_id] = _replace(resource, {"S3Bucket": name_bucket(suffix), "S3Key": upload.key})
    result = copy(template)
    result["Resources"] = changed
    return Packing(result, list(uploads.values()), problems)


def list_local_code(template: Template, folder: Path) -> list[Path]:
    """The files that are packed for a template, as far as they can be found."""
    from macro.local.code_zip import find_files

    resources: Json = template.get("Resources")
    found = resources.values() if isinstance(resources, dict) else ()
    files: list[Path] = []
    for place in dict.fromkeys(
        folder / str(resource["Properties"]["Code"]) for resource in found if _is_local(resource)
    ):
        # What can't be read is told when it is packed.
        with suppress(OSError):
            files += [place / name for name in find_files(place)] if place.is_dir() else [place]
    return files


def _is_local(resource: Json) -> bool:
    if not isinstance(resource, dict) or resource.get("Type") not in TYPES:
        return False
    properties = resource.get("Properties")
    code = properties.get("Code") if isinstance(properties, dict) else None
    # What begins like an S3 address was meant to be one.
    return isinstance(code, str) and bool(code) and not code.lower().startswith("s3:")


def _replace(resource: Json, code: Json) -> Json:
    result, properties = copy(resource), copy(resource["Properties"])
    properties["Code"] = code
    result["Properties"] = properties
    return result
