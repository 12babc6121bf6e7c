"""News by MQTT: the broker tells a VEN of events the moment they change.

Push makes polling rarer, never needless: what was missed while the broker was gone is found by the
poll that follows each new connection.
"""

import asyncio
import uuid
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from gridplus.agent.ven import Ven
from gridplus.signals import BrokerPlace

KEEP_ALIVE_S = 30
RETRY_S = (1, 60)
NOTICE_LIMIT = 1_000_000


class Push:
    """`ven` hears what is published under `topics`, on the loop that entered this.

    `connected` is set while the broker is there; whoever runs the agent polls whenever it becomes
    so. `news` is set by each notice.
    """

    def __init__(self, ven: Ven, uri: str, *, topics: tuple[str, ...]) -> None:
        place = BrokerPlace.parse(uri)
        self._ven = ven
        self._where = (place.host, place.port)
        self._topics = [(topic, 1) for topic in topics]
        self.connected = asyncio.Event()
        self.news = asyncio.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"gridplus-ven-{uuid.uuid4().hex[:12]}",
            protocol=mqtt.MQTTv5,
        )
        if place.secured:
            self._client.tls_set()
        self._client.reconnect_delay_set(*RETRY_S)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message

    async def __aenter__(self) -> Self:
        """Return at once; the broker may come later."""
        self._loop = asyncio.get_running_loop()
        self._client.connect_async(*self._where, keepalive=KEEP_ALIVE_S)
        self._client.loop_start()
        return self

    async def __aexit__(self, *error: object) -> None:
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    def _on_connect(self, client: mqtt.Client, *_rest: Any) -> None:
        client.subscribe(list(self._topics))

    def _on_subscribe(self, *_rest: Any) -> None:
        self._loop.call_soon_threadsafe(self.connected.set)

    def _on_disconnect(self, *_rest: Any) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.connected.clear)

    def _on_message(self, *told: Any) -> None:
        _client, _userdata, message = told
        if len(message.payload) <= NOTICE_LIMIT:
            self._loop.call_soon_threadsafe(self._hear, bytes(message.payload))

    def _hear(self, notice: bytes) -> None:
        self._ven.hear(notice)
        self.news.set()
