"""A small MQTT 3.1.1 publisher over asyncio: it must count exactly what was acknowledged, over killed brokers."""

import asyncio
import collections
import struct


def remaining_length(value):
    out = bytearray()
    while True:
        value, digit = divmod(value, 128)
        out.append(digit | (128 if value else 0))
        if not value:
            return bytes(out)


def text(value):
    raw = value.encode()
    return struct.pack(">H", len(raw)) + raw


def connect(client_id):
    body = text("MQTT") + bytes([4, 2]) + struct.pack(">H", 60) + text(client_id)
    return b"\x10" + remaining_length(len(body)) + body


def publish(topic, payload, packet_id, dup):
    body = text(topic) + struct.pack(">H", packet_id) + payload
    return bytes([0x32 | (8 if dup else 0)]) + remaining_length(len(body)) + body


class Publisher:
    """Publishes 1, 2, 3, … with QoS 1, at most `window` unacknowledged; after a reconnect sends those again, in order."""

    def __init__(self, port, name, payload, window=10):
        self.port, self.name, self.payload, self.window = port, name, payload, window
        self.sent = 0
        self.acknowledged = 0
        self.resent = 0
        self.open = collections.OrderedDict()
        self.is_stopping = False
        self.reached = asyncio.Event()

    async def run(self):
        while not (self.is_stopping and not self.open):
            try:
                await self.session()
            except (ConnectionError, OSError, asyncio.IncompleteReadError):
                await asyncio.sleep(0.01)

    async def session(self):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(connect(self.name))
            connack = await reader.readexactly(4)
            if connack[3] != 0:
                raise ConnectionError("refused")
            for packet_id, number in self.open.items():
                self.resent += 1
                writer.write(publish(self.topic, self.payload(number), packet_id, True))
            while not (self.is_stopping and not self.open):
                while len(self.open) < self.window and not self.is_stopping:
                    self.sent += 1
                    packet_id = (self.sent - 1) % 65535 + 1
                    self.open[packet_id] = self.sent
                    writer.write(publish(self.topic, self.payload(self.sent), packet_id, False))
                await writer.drain()
                packet = await reader.readexactly(4)
                if packet[0] != 0x40:
                    raise ConnectionError(f"unexpected packet {packet.hex()}")
                packet_id = struct.unpack(">H", packet[2:4])[0]
                if next(iter(self.open)) != packet_id:
                    raise AssertionError("acknowledgements out of order")
                del self.open[packet_id]
                self.acknowledged += 1
        finally:
            writer.close()

    @property
    def topic(self):
        return f"load/{self.name}/n"
