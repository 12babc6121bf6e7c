"""A JSON-RPC client over HTTP with limits on time and size. Source: JSON-RPC 2.0."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import httpx

from gridplus.chain import jsonrpc
from gridplus.chain.port import ChainError, Reverted, revert_reason
from gridplus.digest import Document, parse_document
from gridplus.failures import InputError, RemoteError

Request: TypeAlias = tuple[str, list[Document]]
"""A method and its parameters."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A JSON-RPC error object; `data` is what a contract reverted with, if it did."""

    code: int
    message: str
    data: bytes

    def error(self, method: str) -> ChainError:
        """The exception that says it."""
        if self.code == jsonrpc.REVERTED or "revert" in self.message:
            return Reverted(revert_reason(self.data) if self.data else self.message, self.data)
        return ChainError(f"{method}: {self.message}")


Answer: TypeAlias = "Document | Fault"


class JsonRpcClient:
    """Asks one node. Raises RemoteError when it is not reached, is late, or talks nonsense."""

    def __init__(self, url: str, *, timeout_s: int, max_answer_bytes: int) -> None:
        self.url = url
        self._timeout_s = timeout_s
        self._max_answer_bytes = max_answer_bytes
        # Without certificates to load, a client for plain HTTP is ready 20 ms sooner.
        verify = url.startswith("https:")
        self._http = httpx.Client(timeout=timeout_s, trust_env=False, verify=verify)

    def close(self) -> None:
        self._http.close()

    def ask(self, method: str, params: list[Document]) -> Document:
        """One result. Raises Reverted or ChainError when the node answers with an error."""
        answer = self._result(self._exchange(_request(0, (method, params))), 0)
        if isinstance(answer, Fault):
            raise answer.error(method)
        return answer

    def ask_many(self, requests: Sequence[Request]) -> list[Answer]:
        """One batch, at most MAX_BATCH requests; results in the order of the requests."""
        if not requests:
            return []
        answers = self._exchange([_request(i, request) for i, request in enumerate(requests)])
        if not isinstance(answers, list) or len(answers) != len(requests):
            raise RemoteError(f"{self.url} did not answer a batch of {len(requests)} one by one")
        by_id = {str(a.get("id")): a for a in answers if isinstance(a, dict)}
        return [self._result(by_id.get(str(i)), i) for i in range(len(requests))]

    def _result(self, answer: Document, request_id: int) -> Answer:
        if not isinstance(answer, dict) or answer.get("id") != request_id:
            raise RemoteError(f"{self.url} left request {request_id} unanswered")
        return self._fault(answer["error"]) if "error" in answer else answer.get("result")

    def _fault(self, error: Document) -> Fault:
        if isinstance(error, dict):
            code, message = error.get("code"), error.get("message")
            if isinstance(code, int) and isinstance(message, str):
                return Fault(code, message, _revert_data(error.get("data")))
        raise RemoteError(f"{self.url} answered with an error that has no code and message")

    def _exchange(self, request: Document) -> Document:
        try:
            body = self._post(json.dumps(request).encode())
            answer = parse_document(body, limit=self._max_answer_bytes, what="the answer")
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise RemoteError(f"{self.url} cannot be asked: {reason}") from None
        except InputError as error:
            raise RemoteError(f"{self.url}: {error}") from None
        if isinstance(answer, dict) and "error" in answer and answer.get("id") is None:
            raise RemoteError(
                f"{self.url} refused all of it: {self._fault(answer['error']).message}"
            )
        return answer

    def _post(self, content: bytes) -> bytes:
        deadline = time.monotonic() + self._timeout_s
        headers = {"content-type": "application/json"}
        body = bytearray()
        with self._http.stream("POST", self.url, content=content, headers=headers) as response:
            for part in response.iter_bytes():
                body += part
                if len(body) > self._max_answer_bytes:
                    break
                if time.monotonic() > deadline:
                    raise RemoteError(f"{self.url} took longer than {self._timeout_s} s")
            if response.status_code != httpx.codes.OK:
                start = bytes(body[:200]).decode(errors="replace")
                raise RemoteError(f"{self.url} answered {response.status_code}: {start}")
        return bytes(body)


def _request(request_id: int, request: Request) -> Document:
    method, params = request
    return {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}


def _revert_data(value: Document) -> bytes:
    """Nodes put other things there too; what is not data says nothing."""
    try:
        return jsonrpc.parse_data(value)
    except InputError:
        return b""
