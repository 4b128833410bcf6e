"""The address at which the engine serves what has an AWS host name on AWS."""

import re

# A host name that only AWS resolves, or the engine's own form of it, which not every system resolves.
_API = re.compile(
    r"https?://(?P<api>[a-z0-9]+)\.execute-api\.(?:[a-z0-9-]+\.amazonaws\.com(?:\.cn)?|127\.0\.0\.1:\d+)(?![\w.:-])/?"
)


def to_engine_url(engine_url: str, text: str) -> str:
    """A stack's output with each URL of an API as the engine at ``engine_url`` serves it; all else as it is.

    ``https://a1b2.execute-api.eu-west-1.amazonaws.com/prod/hits/{name}`` gives
    ``http://127.0.0.1:4566/_aws/execute-api/a1b2/prod/hits/{name}``; the same for a stage named ``$default``,
    whose URLs name no stage.
    """
    return _API.sub(rf"{engine_url}/_aws/execute-api/\g<api>/", text)
