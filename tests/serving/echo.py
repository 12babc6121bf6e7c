"""python -m tests.serving.echo PORT [fail]: answers a body of at most 10 bytes with itself."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gridplus.failures import GridPlusError, InputError, StorageError
from gridplus.serving import read_body, serve

LIMIT = 10


async def echo(request: Request) -> Response:
    try:
        return Response(await read_body(request, limit=LIMIT))
    except InputError as error:
        return Response(f"{type(error).__name__}: {error}", status_code=400)


@asynccontextmanager
async def start(_app: Starlette) -> AsyncIterator[None]:
    if sys.argv[2:] == ["fail"]:
        raise StorageError("the disk is made of cheese")
    yield


if __name__ == "__main__":
    app = Starlette(routes=[Route("/", echo, methods=["POST"])], lifespan=start)
    try:
        serve(app, port=int(sys.argv[1]), describe={"ready": "echo"}, exit_with_parent=True)
    except GridPlusError as error:
        sys.stderr.write(str(error))
        sys.exit(3)
