"""Style and scripts, under addresses that change with their content, so that phones may keep them."""

import hashlib
import mimetypes
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

_FOLDER = Path(__file__).parent / "static"
mimetypes.add_type("application/manifest+json", ".webmanifest")


@cache
def _files() -> dict[str, tuple[str, bytes, str]]:
    """Content and kind by name."""
    found = {}
    for path in sorted(_FOLDER.iterdir()):
        content = path.read_bytes()
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        found[path.name] = hashlib.sha256(content).hexdigest()[:12], content, kind
    return found


def address(name: str) -> str:
    """Where a file is now. KeyError for a name that is no file."""
    return f"/static/{_files()[name][0]}/{name}"


async def serve(request: Request) -> Response:
    """A file; under an old address the new content, which is then not kept."""
    found = _files().get(request.path_params["name"])
    if found is None:
        return Response("Tidak ada berkas ini. / No such file.", 404, media_type="text/plain; charset=utf-8")
    version, content, kind = found
    kept = "public, max-age=31536000, immutable" if request.path_params["version"] == version else "no-cache"
    return Response(content, headers={"Cache-Control": kept}, media_type=kind)


def plain(name: str) -> Response:
    """A file at an address that stays; asked for anew each time. KeyError for a name that is no file."""
    _, content, kind = _files()[name]
    return Response(content, headers={"Cache-Control": "no-cache"}, media_type=kind)
