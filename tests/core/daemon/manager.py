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
        self._said: list[str] = []

    def heard(self) -> list[str]:
        found: list[str] = []
        while True:
            try:
                found.append(self._line.recv(4096).decode())
            except BlockingIOError:
                return found

    def hears(self, words: str, within: float = 30) -> str:
        """Wait for a datagram with these words, unless there was one before; *within* for each."""
        self._line.settimeout(within)
        try:
            while not (found := [said for said in self._said if words in said]):
                self._said.append(self._line.recv(4096).decode())
        finally:
            self._line.setblocking(False)
        return found[-1]

    def close(self) -> None:
        self._line.close()
