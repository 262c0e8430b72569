"""A local stand-in for SIASN's web service, with its field names, which now and then answers badly."""

import asyncio
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import orjson

REQUIRED = {
    "PnsDinilaiId", "KoefisienId", "BulanMulaiPenilaian", "BulanSelesaiPenilaian", "TahunMulaiPenilaian",
    "TahunSelesaiPenilaian", "hasilKinerjaNilai", "perilakuKerjaNilai", "kuadranKinerjaNilai", "statusPenilai", "tahun",
}  # fmt: skip


@dataclass
class Siasn:
    """`kept` by PNS id; `nips` of each; `moods` are taken one a POST: `lost` (kept, no answer), a status, or `fine`."""

    nips: dict[str, str]
    moods: list[int | str] = field(default_factory=list)
    kept: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    port: int = 0
    _server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """End."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head.splitlines()[1:])}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        method, path, _ = head.split(" ", 2)
        if (headers["authorization"], headers["auth"]) != ("Bearer gateway", "bearer sso"):
            status, told = 401, dict[str, Any]()
        elif method == "POST":
            status, told = self._save(path, orjson.loads(body))
        else:
            nip = unquote(path.removeprefix("/pns/rw-kinerjaperiodik/"))
            status, told = 200, {"data": self.kept.get(self.nips.get(nip, ""), [])}
        if status:
            content = orjson.dumps(told)
            writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n".encode())
            writer.write(content)
            await writer.drain()
        writer.close()

    def _save(self, path: str, record: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        mood = self.moods.pop(0) if self.moods else "fine"
        if isinstance(mood, int):
            return mood, {"message": "ditolak"}
        if path != "/kinerjaperiodik/save" or REQUIRED - record.keys():
            return 400, {"message": "kurang"}
        self.kept.setdefault(record["PnsDinilaiId"], []).append(record)
        return (0 if mood == "lost" else 200), {"success": True}
