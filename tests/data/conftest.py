"""Small image sets on disk, and a web server for archives."""

import functools
import http.server
import io
import threading
import zipfile

import numpy as np
import pytest
from PIL import Image


def encoded(pixels, kind="PNG", mode=None):
    file = io.BytesIO()
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(file, kind)
    return file.getvalue()


def noise(name, shape=(6, 5, 3)):
    """Pixels that go with a file's name."""
    return np.random.default_rng(list(name.encode())).integers(0, 256, shape, np.uint8)


def write_zip(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def write_folder(path, members):
    for name, data in members.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


@pytest.fixture
def serve(monkeypatch):
    """Serve a folder on this machine; gives its address and the list of paths asked for."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    servers = []

    def start(folder):
        asked = []

        class Handler(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *arguments):
                asked.append(self.path)

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/", asked

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def offline(monkeypatch):
    """An address where nobody answers."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return "http://127.0.0.1:9/"
