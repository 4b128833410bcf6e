"""Custom::Greeting: a parameter in Parameter Store that greets, as a resource of three functions."""

from typing import Any

import boto3

from transform_lambda.contract import Request, ResourceError, Result


class Greeting:
    """Makes one parameter, named by the physical id; its template gets `!GetAtt Hello.Text`."""

    def __init__(self, client: Any = None) -> None:
        self._client = client or boto3.client("ssm")

    def create(self, request: Request) -> Result:
        if not request.properties.get("Who"):
            raise ResourceError("Properties.Who: must be text, such as World")
        text = f"Hello, {request.properties['Who']}"
        self._client.put_parameter(Name=request.physical_id, Value=text, Type="String", Overwrite=True)
        return Result(request.physical_id, {"Text": text})

    update = create

    def delete(self, request: Request) -> None:
        self._client.delete_parameters(Names=[request.physical_id])
