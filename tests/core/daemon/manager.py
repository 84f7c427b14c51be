"""The end of the line where a service manager listens."""

from __future__ import annotations

import socket


class Manager:
    """The end of the line where systemd would listen."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._line.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self._line.setblocking(False)

    def heard(self) -> list[str]:
        found: list[str] = []
        while True:
            try:
                found.append(self._line.recv(4096).decode())
            except BlockingIOError:
                return found

    def hears(self, words: str, within: float = 30) -> str:
        """Wait for a datagram with these words."""
        self._line.settimeout(within)
        try:
            while words not in (said := self._line.recv(4096).decode()):
                pass
        finally:
            self._line.setblocking(False)
        return said

    def close(self) -> None:
        self._line.close()
