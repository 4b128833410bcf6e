"""Zips for Lambda, the same bytes on every machine and day."""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

BUILTIN = Path(__file__).parent.parent / "builtin"
# The earliest date a zip can hold (APPNOTE 4.4.6), so that no clock gets in.
_DATE = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_MODE = 0o100644


def zip_files(files: Mapping[str, bytes]) -> bytes:
    """A zip of these files in this order, readable by all and stored: compressed bytes differ between zlib builds."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, _DATE)
            info.create_system = _UNIX
            info.external_attr = _MODE << 16
            archive.writestr(info, content)
    return target.getvalue()


def zip_builtin() -> bytes:
    """The built-in handler's code zip; ``macro.builtin.digest`` holds its SHA-256."""
    return zip_files({name: (BUILTIN / name).read_bytes() for name in (".env", "index.py")})


def write_digest(module: Path = BUILTIN / "digest.py") -> None:
    """Bring the module that holds the built-in handler's digest up to date."""
    digest = hashlib.sha256(zip_builtin()).hexdigest()
    lines = module.read_text("utf-8").split("\n")
    lines = [f'SHA256 = "{digest}"' if line.startswith("SHA256") else line for line in lines]
    module.write_text("\n".join(lines), "utf-8")


if __name__ == "__main__":
    write_digest()
