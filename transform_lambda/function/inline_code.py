"""Build the archive that CloudFormation builds from the text of ``Code.ZipFile``."""

import zipfile
from io import BytesIO

from transform_lambda.contract import ResourceError

_FILES = {"python": "index.py", "nodejs": "index.js"}
"""Runtimes that accept inline code, with the file's name (AWS: "AWS::Lambda::Function Code")."""
_DATE = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644


def zip_inline(text: str, runtime: str) -> bytes:
    """An archive of one file, `index` with the runtime's file extension. Equal text gives equal bytes.

    Raises:
        ResourceError: the runtime accepts no inline code.
    """
    name = next((file for head, file in _FILES.items() if runtime.startswith(head)), None)
    if name is None:
        raise ResourceError(
            f"Properties.Code.ZipFile: is for python and nodejs runtimes, not {runtime}; put the code in S3"
        )
    member = zipfile.ZipInfo(name, _DATE)
    member.create_system, member.external_attr, member.compress_type = 3, _MODE << 16, zipfile.ZIP_DEFLATED
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(member, text.encode("utf-8"))
    return target.getvalue()
