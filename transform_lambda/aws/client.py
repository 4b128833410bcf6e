"""Create boto3 clients, and read what botocore knows about API calls and their errors."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from botocore import session
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, ParamValidationError
from botocore.exceptions import ConnectionError as NotConnectedError

from transform_lambda.contract import ResourceError
from transform_lambda.ports import TryAgain
from transform_lambda.typed import Shape

Client = Any
"""A boto3 client. boto3 creates its classes at run time, so there is no type to name."""

ATTEMPTS = 3
"""The number of times that a call is tried."""


def connect(service: str, answer_seconds: float = 60.0) -> Client:
    """A client of the service in the companion's own region. The environment may name another endpoint.

    `answer_seconds` is how long each of a call's three attempts waits for an answer.
    """
    import boto3
    from botocore.config import Config

    # By default boto3 may try five times, and ten for DynamoDB, depending on its version and the environment. No lock
    # lasts that long.
    retries: Any = {"mode": "standard", "total_max_attempts": ATTEMPTS}
    return boto3.client(service, config=Config(connect_timeout=5, read_timeout=answer_seconds, retries=retries))


@cache
def input_shape(service: str, operation: str) -> Shape:
    """The input shape of an API call in botocore's model."""
    return session.get_session().get_service_model(service).operation_model(operation).input_shape


def code_of(error: ClientError) -> str:
    """The error code that the service returned."""
    return str(error.response.get("Error", {}).get("Code"))


def message_of(error: ClientError) -> str:
    """The error message that the service returned, empty if there is none."""
    return str(error.response.get("Error", {}).get("Message", ""))


@contextmanager
def explained(where: str, explain: Callable[[ClientError], ResourceError]) -> Iterator[None]:
    """Explain the errors of a block's calls. `explain` returns the error to raise after a refusal by the service.

    Raises:
        TryAgain: a call got no answer, so it may or may not have succeeded. The next read shows which.
        ResourceError: the service or botocore refused a call. The text starts with `where`.
    """
    try:
        yield
    except ClientError as error:
        raise explain(error) from error
    except ParamValidationError as error:
        raise ResourceError(f"{where}: {str(error).split(':', 1)[-1].strip()}") from error
    except (HTTPClientError, NotConnectedError) as error:
        raise TryAgain(f"{where}: {type(error).__name__}") from error
    except BotoCoreError as error:
        raise ResourceError(f"{where}: {error}") from error
