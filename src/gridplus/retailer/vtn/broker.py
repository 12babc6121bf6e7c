"""Publishing to an MQTT broker. What it is too late for, a VEN finds by its next poll."""

import uuid
from typing import Self
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from gridplus.failures import InputError
from gridplus.signals import Message

KEEP_ALIVE_S = 30
MOST_WAITING = 10_000
_PORTS = {"mqtt": 1_883, "mqtts": 8_883}


class Publisher:
    """Connected as long as the broker is there, reconnecting by itself; messages wait meanwhile."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        split = urlsplit(uri)
        if split.scheme not in _PORTS or not split.hostname:
            raise InputError(f"{uri!r} is no broker; write it like mqtt://127.0.0.1:1883")
        self._host, self._port = split.hostname, split.port or _PORTS[split.scheme]
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"gridplus-vtn-{uuid.uuid4().hex[:12]}",
            protocol=mqtt.MQTTv5,
        )
        self._client.max_queued_messages_set(MOST_WAITING)
        if split.scheme == "mqtts":
            self._client.tls_set()
        if split.username:
            self._client.username_pw_set(split.username, split.password)

    def publish(self, message: Message) -> None:
        """At least once, when the broker is there or comes back."""
        self._client.publish(message.topic, message.body, qos=1)

    async def __aenter__(self) -> Self:
        self._client.connect_async(self._host, self._port, keepalive=KEEP_ALIVE_S)
        self._client.loop_start()
        return self

    async def __aexit__(self, *error: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()
