"""Convert an API's URL on AWS into the URL at which the engine serves the API."""

import re

# A host name that only AWS resolves, or the engine's own form of that name, which not every system resolves.
_API = re.compile(
    r"https?://(?P<api>[a-z0-9]+)\.execute-api\.(?:[a-z0-9-]+\.amazonaws\.com(?:\.cn)?|127\.0\.0\.1:\d+)(?![\w.:-])/?"
)


def to_engine_url(engine_url: str, text: str) -> str:
    """A stack's output with each URL of an API replaced by the engine's URL. Other text is unchanged.

    ``https://a1b2.execute-api.eu-west-1.amazonaws.com/prod/hits/{name}`` becomes
    ``http://127.0.0.1:4566/_aws/execute-api/a1b2/prod/hits/{name}``. A URL of the stage ``$default``, which doesn't
    name its stage, is converted in the same way.
    """
    return _API.sub(rf"{engine_url}/_aws/execute-api/\g<api>/", text)
