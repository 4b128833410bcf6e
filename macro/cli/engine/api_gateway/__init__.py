"""Make the engine's API Gateway answer like AWS. The engine imports this folder in its own process."""

from typing import Any

from .calls import App, read_body, read_call, reply
from .http_api import answer_http, reach_route
from .rest_api import answer_rest, keep_encoding, list_resources, reach_method


def add_api_gateway(app: App) -> App:
    """The application, which answers some calls of APIs itself. All other requests pass through."""

    async def serve(scope: Any, receive: Any, send: Any) -> Any:
        call = read_call(scope)
        resources = await list_resources(app, call) if call else None
        if call and resources is not None:
            method = await reach_method(app, call, resources)
            if method is None:
                return await app(keep_encoding(scope), receive, send)
            answer = await answer_rest(app, method, call._replace(body=await read_body(receive)))
        elif call and (route := await reach_route(app, call)):
            answer = await answer_http(app, route, call._replace(body=await read_body(receive)))
        else:
            return await app(scope, receive, send)
        return await reply(send, answer)

    return serve
