"""The only error of this package. It refuses an archive instead of guessing which of two readings is meant."""

REPACK = "repackage the code, for example with: zip -r -X code.zip ."

CODES = {
    "not-a-zip": "no end record, or bytes behind it",
    "second-end": "two end records that readers could choose between",
    "second-directory": "two central directories that readers could choose between",
    "split": "one part of a split archive",
    "directory": "a damaged directory: counts, sizes or offsets that disagree",
    "too-large": "a directory, a replaced member or a new file beyond this package's limits",
    "version": "a member that needs a version of the format that there is not",
    "encrypted": "an encrypted member or directory",
    "overlap": "members that share bytes, or reach into the directory",
    "sizes": "sizes that cannot be true",
    "hidden": "a member that stands in no directory, in front of the first one that does",
    "alias": "a member whose name some readers unpack onto a file that is replaced",
    "not-a-file": "a file to replace that is a directory, a symlink or a device, or lies below one",
    "method": "a file to read that is packed by another method than stored or deflated",
    "header": "a local header that says something other than the directory",
    "data": "packed data that does not unpack to what the directory says",
    "path": "a path that cannot name a file in an archive",
    "changed": "an archive that got shorter while it was read",
}
"""The meaning of each `ZipError.code`."""


class ZipError(Exception):
    """The archive is refused. The text names the problem, the member and how to repackage the code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
