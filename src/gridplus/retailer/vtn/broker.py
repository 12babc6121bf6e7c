"""Publishing to an MQTT broker. What it is too late for, a VEN finds by its next poll."""

import asyncio
import select
import threading
import uuid
from typing import Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from gridplus.signals import BrokerPlace, Message

KEEP_ALIVE_S = 30
RETRY_S = 1
TICK_MS = 200
MOST_WAITING = 10_000


class Publisher:
    """Connected as long as the broker is there, reconnecting by itself; messages wait meanwhile."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        place = BrokerPlace.parse(uri)
        self._host, self._port = place.host, place.port
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"gridplus-vtn-{uuid.uuid4().hex[:12]}",
            protocol=mqtt.MQTTv5,
        )
        self._client.max_queued_messages_set(MOST_WAITING)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)
        if place.secured:
            self._client.tls_set()
        if place.user:
            self._client.username_pw_set(place.user, place.password)

    def publish(self, message: Message) -> None:
        """At least once, when the broker is there or comes back."""
        self._client.publish(message.topic, message.body, qos=1)

    async def __aenter__(self) -> Self:
        self._thread.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        self._ending.set()
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        """Connect, serve the connection, and again. With poll(): paho's own loop uses select(),
        which knows 1,024 files, and a VTN has a connection a home."""
        while not self._ending.is_set():
            try:
                self._client.connect(self._host, self._port, keepalive=KEEP_ALIVE_S)
                self._serve()
            except OSError:
                pass
            self._ending.wait(RETRY_S)
        self._client.disconnect()

    def _serve(self) -> None:
        """Until the connection is lost."""
        while not self._ending.is_set() and (connection := self._client.socket()) is not None:
            poll = select.poll()
            wanted = select.POLLOUT if self._client.want_write() else 0
            poll.register(connection, select.POLLIN | wanted)
            for _descriptor, happened in poll.poll(TICK_MS):
                if happened & ~select.POLLOUT and self._client.loop_read():
                    return
                if happened & select.POLLOUT and self._client.loop_write():
                    return
            if self._client.loop_misc():
                return
