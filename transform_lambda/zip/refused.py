"""The only error of this package. It refuses an archive instead of guessing which of two readings is meant."""

REPACK = "repackage the code, for example with: zip -r -X code.zip ."

CODES = {
    "not-a-zip": "no end record, or bytes behind it",
    "second-end": "two end records that readers could choose between",
    "second-directory": "two central directories that readers could choose between",
    "split": "one part of a split archive",
    "directory": "a damaged directory: counts, sizes or offsets that disagree",
    "too-large": "a directory, a replaced member or a new file beyond this package's limits",
    "version": "a member that needs an unknown version of the format",
    "encrypted": "an encrypted member or directory",
    "overlap": "members that share bytes, or reach into the directory",
    "sizes": "impossible sizes",
    "hidden": "an unlisted member in front of the first listed one",
    "alias": "a member whose name some readers unpack onto a file that is replaced",
    "not-a-file": "a file to replace that is a directory, a symlink or a device, or is inside one",
    "method": "a file to read that is neither stored nor deflated",
    "header": "a local header that differs from the directory",
    "data": "packed data that does not unpack to the size and CRC-32 in the directory",
    "path": "a path that cannot name a file in an archive",
    "changed": "an archive that shrank while it was read",
}
"""The meaning of each `ZipError.code`."""


class ZipError(Exception):
    """The archive is refused. The text names the problem, the member and how to repackage the code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
