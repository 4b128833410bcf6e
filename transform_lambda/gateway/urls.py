"""The URL of a method in each stage, and the names of the attributes with these URLs."""

_SUFFIXES = {"aws-cn": "amazonaws.com.cn", "aws-iso": "c2s.ic.gov", "aws-iso-b": "sc2s.sgov.gov"}
_SUFFIXES |= {"aws-iso-e": "cloud.adc-e.uk", "aws-iso-f": "csp.hci.ic.gov", "aws-eusc": "amazonaws.eu"}


def url_of(stack_id: str, api_id: str, stage: str, path: str) -> str:
    """The URL, with the path as in the template. Without a stage, the URL ends after the host."""
    _, partition, _, region, *_ = stack_id.split(":")
    host = f"https://{api_id}.execute-api.{region}.{_SUFFIXES.get(partition, 'amazonaws.com')}"
    return f"{host}/{stage}{path}" if stage else host


def part_of(stage: str) -> str:
    """The stage's part in names of attributes: `Prodeu` for `prod-eu`."""
    part = "".join(letter for letter in stage if letter.isalnum())
    return part[:1].upper() + part[1:]
