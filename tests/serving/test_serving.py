import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import pytest

from tests.serving.echo import LIMIT


@dataclass
class Echo:
    process: "subprocess.Popen[bytes]"
    ready: dict[str, str]

    @property
    def port(self) -> int:
        return int(self.ready["url"].rpartition(":")[2])


@contextmanager
def running(*arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    pipe = subprocess.PIPE
    command = [sys.executable, "-m", "tests.serving.echo", *arguments]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def echoing() -> Iterator[Echo]:
    with running("0") as process:
        assert process.stdout is not None
        yield Echo(process, json.loads(process.stdout.readline()))


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    with echoing() as service:
        yield service


def test_the_ready_line_says_who_listens_and_where(echo: Echo) -> None:
    assert echo.ready == {"ready": "echo", "url": f"http://127.0.0.1:{echo.port}"}
    assert httpx.post(echo.ready["url"], content=b"hello").content == b"hello"


def test_a_body_may_have_its_limit_and_not_a_byte_more(echo: Echo) -> None:
    url = echo.ready["url"]
    assert httpx.post(url, content=b"x" * LIMIT).content == b"x" * LIMIT
    refused = httpx.post(url, content=b"x" * (LIMIT + 1))
    assert refused.text == f"BodyTooLargeError: the body exceeds {LIMIT} bytes"


def test_a_body_of_unknown_length_is_counted_as_it_comes(echo: Echo) -> None:
    url = echo.ready["url"]
    assert httpx.post(url, content=iter([b"xx"] * 5)).status_code == 200
    assert httpx.post(url, content=iter([b"xx"] * 6)).status_code == 400


def test_a_sender_that_leaves_halfway_harms_nobody(echo: Echo) -> None:
    with socket.create_connection(("127.0.0.1", echo.port)) as line:
        line.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf")
    assert httpx.post(echo.ready["url"], content=b"next").content == b"next"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_success(number: signal.Signals) -> None:
    with echoing() as service:
        service.process.send_signal(number)
        assert service.process.wait(10) == 0


def test_the_end_of_its_parent_ends_it() -> None:
    with echoing() as service:
        assert service.process.stdin is not None
        service.process.stdin.close()
        assert service.process.wait(10) == 0


def complaint_of(process: "subprocess.Popen[bytes]") -> str:
    """What a process that never got ready said before it failed."""
    assert process.stdout is not None
    assert process.stderr is not None
    complaint = process.stderr.read().decode()
    assert process.stdout.read() == b""
    assert process.wait(10) == 3
    return complaint


def test_a_port_that_is_taken_is_named_with_the_mend() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with running(str(port)) as process:
            complaint = complaint_of(process)
    assert complaint == f"port {port} on 127.0.0.1: Address already in use; choose another"


def test_an_app_that_cannot_start_is_never_ready_and_fails_the_process() -> None:
    with running("0", "fail") as process:
        complaint = complaint_of(process)
    assert "the disk is made of cheese" in complaint
