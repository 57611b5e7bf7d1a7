"""Fetching against a server on this machine that cuts, corrupts, stalls, refuses and lies."""

import hashlib
import http.server
import os
import re
import threading
import time

import numpy as np
import pytest

from bricks.data import downloads, fetch, fetch_file
from bricks.errors import DataError, UsageError

CONTENT = np.random.default_rng(0).bytes(700_000)
SHA = hashlib.sha256(CONTENT).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT; the path says how."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        way = self.path.strip("/").split("/")[0]
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(asked[1]) if asked else 0
        self.server.seen.append((way, start))
        if way.isdigit():
            return self.send_error(int(way))
        if way == "away":
            self.send_response(302)
            self.send_header("Location", "http://example.com/x" if "unsafe" in self.path else "/good")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        content = CONTENT
        if way == "corrupt":
            content = CONTENT[:1000] + bytes([CONTENT[1000] ^ 1]) + CONTENT[1001:]
        if way in ("short", "long"):
            content = CONTENT[:-5] if way == "short" else CONTENT + b"12345"
        if way == "deaf" or start == 0:
            start = 0
            self.send_response(200)
        elif start >= len(content):
            return self.send_error(416)
        else:
            self.send_response(206)
            start = 0 if way == "restart" else start
            first = start + 1 if way == "shifted" else start
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        if way in ("silent", "endless"):
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        try:
            self.send_body(way, content[start:])
        except (BrokenPipeError, ConnectionResetError):
            pass
        self.close_connection = True

    def send_body(self, way, rest):
        if way == "cut":
            rest = rest[:200_000]
        if way == "dead":
            rest = b""
        if way == "stall":
            self.wfile.write(rest[:100_000])
            self.wfile.flush()
            return self.server.stop.wait(20)
        if way == "trickle":
            while not self.server.stop.wait(0.05):
                self.wfile.write(b"x")
        self.wfile.write(rest)
        while way == "endless":
            self.wfile.write(rest)

    def log_message(self, *words):
        pass


@pytest.fixture
def server():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.seen, server.stop = True, [], threading.Event()
    thread = threading.Thread(target=server.serve_forever, args=[0.02], daemon=True)
    thread.start()
    server.url = lambda way: f"http://127.0.0.1:{server.server_port}/{way}/a.bin"
    yield server
    server.stop.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "a.bin"


def expect_whole(path):
    assert path.read_bytes() == CONTENT
    assert [entry.name for entry in path.parent.iterdir()] == ["a.bin"]


@pytest.mark.parametrize("way", ["good", "away", "silent"])
def test_a_file_arrives_and_is_not_fetched_again(server, path, way):
    told = []
    assert fetch_file([server.url(way)], path, SHA, progress=lambda *numbers: told.append(numbers))
    expect_whole(path)
    assert told[-1] == (len(CONTENT), None if way == "silent" else len(CONTENT))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    requests = len(server.seen)
    assert not fetch_file([server.url(way)], path, SHA)
    assert len(server.seen) == requests


@pytest.mark.parametrize("size", [None, len(CONTENT)])
def test_a_mirror_that_cuts_is_asked_for_the_rest(server, path, size):
    assert fetch_file([server.url("cut")], path, SHA, size=size)
    expect_whole(path)
    assert server.seen == [("cut", start) for start in (0, 200_000, 400_000, 600_000)]


@pytest.mark.parametrize("size", [None, len(CONTENT)])
@pytest.mark.parametrize("way", ["good", "deaf", "restart", "shifted"])
def test_a_partial_file_is_gone_on_with_or_begun_anew(server, path, way, size):
    path.parent.mkdir()
    (path.parent / "a.bin.part").write_bytes(CONTENT[:123_456])
    if way == "shifted":
        assert fetch_file([server.url("shifted"), server.url("good")], path, SHA, size=size)
    else:
        assert fetch_file([server.url(way)], path, SHA, size=size)
    expect_whole(path)
    assert server.seen[0] == (way, 123_456)


@pytest.mark.parametrize("size", [None, len(CONTENT)])
@pytest.mark.parametrize("left", [CONTENT, CONTENT + b"more", b"x" * 1000, b"x" * len(CONTENT)])
def test_a_partial_file_that_is_whole_too_long_or_of_another_file_does_no_harm(server, path, left, size):
    path.parent.mkdir()
    (path.parent / "a.bin.part").write_bytes(left)
    assert fetch_file([server.url("good")] * 2, path, SHA, size=size)
    expect_whole(path)


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("corrupt", f"the SHA-256 sum must be {SHA}, got"),
        ("404", "404 Not Found"),
        ("503", "503 Service Unavailable"),
        ("short", "must have 700000 bytes, the mirror has 699995"),
        ("long", "must have 700000 bytes, the mirror has 700005"),
        ("endless", "must have 700000 bytes, the mirror sent more"),
        ("away/unsafe", "leads to http://example.com/x, which is not https://"),
        ("dead", "broke off|IncompleteRead"),
    ],
)
def test_a_bad_mirror_is_named_and_the_next_one_asked(server, path, way, said):
    with pytest.raises(DataError, match=f"a.bin: could not be fetched: .*{re.escape(way)}/a.bin: ({said})"):
        fetch_file([server.url(way)], path, SHA, size=len(CONTENT))
    assert not path.exists()
    assert fetch_file([server.url(way), server.url("good")], path, SHA, size=len(CONTENT))
    expect_whole(path)


def test_a_corrupt_part_is_thrown_away(server, path):
    with pytest.raises(DataError, match="SHA-256"):
        fetch_file([server.url("corrupt")], path, SHA)
    assert not list(path.parent.iterdir())


def test_a_stall_times_out_and_what_came_is_kept(server, path):
    begin = time.monotonic()
    with pytest.raises(DataError, match="stall/a.bin: fewer than 1024 bytes came in 0.2 s"):
        fetch_file([server.url("stall")], path, SHA, timeout=0.2)
    assert time.monotonic() - begin < 10
    kept = (path.parent / "a.bin.part").stat().st_size
    assert kept >= 100_000
    assert fetch_file([server.url("good")], path, SHA)
    expect_whole(path)
    assert server.seen[-1] == ("good", kept)


def test_a_trickle_times_out(server, path):
    with pytest.raises(DataError, match="trickle/a.bin: fewer than 1024 bytes came in 0.12 s"):
        fetch_file([server.url("trickle")], path, SHA, timeout=0.12)


def test_nobody_listening_is_said(path):
    with pytest.raises(DataError, match="127.0.0.1:9/a: .*refused"):
        fetch_file(["http://127.0.0.1:9/a"], path, SHA)


def test_a_file_of_another_sum_stays(server, path):
    path.parent.mkdir()
    path.write_text("mine")
    with pytest.raises(DataError, match="is there already, with the SHA-256 sum"):
        fetch_file([server.url("good")], path, SHA)
    assert path.read_text() == "mine"
    assert not server.seen


@pytest.mark.parametrize("url", ["http://example.com/a", "ftp://example.com/a", "file:///etc/passwd", "a.bin"])
def test_only_https_is_fetched(path, url):
    with pytest.raises(UsageError, match="https:// alone"):
        fetch_file([url], path, SHA)
    assert not path.parent.exists()


def test_two_processes_do_not_fetch_one_file_at_once(server, path):
    fcntl = pytest.importorskip("fcntl")
    path.parent.mkdir()
    with open(path.parent / "a.bin.part", "wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(DataError, match="another process is fetching it"):
            fetch_file([server.url("good")], path, SHA)
    assert fetch_file([server.url("good")], path, SHA)


def test_a_full_disk_is_told_apart_from_a_bad_mirror_and_what_came_is_kept(server, path, start_python):
    program = """
import resource, signal, sys
from bricks.data import fetch_file
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
try:
    fetch_file([sys.argv[1]], sys.argv[2], sys.argv[3])
except Exception as error:
    print(type(error).__name__, error)
"""
    out, err = start_python(program, server.url("good"), path, SHA).communicate(timeout=60)
    assert out.startswith(f"DataError {path}.part: cannot be written: File too large; make room"), out + err
    assert fetch_file([server.url("good")], path, SHA)
    expect_whole(path)
    assert server.seen[-1][1] > 0


def test_known_data_sets_are_fetched_to_a_folder(server, tmp_path, monkeypatch, capsys):
    from bricks.__main__ import main

    files = tuple(
        downloads.Original(f"{n}.bin", (server.url("good")[: -len("a.bin")],), SHA, len(CONTENT)) for n in "ab"
    )
    monkeypatch.setitem(downloads.ORIGINALS, "mnist", files)
    told = set()
    paths = fetch("mnist", tmp_path / "x", lambda name, done, total: told.add((name, total)))
    assert [path.name for path in paths] == ["a.bin", "b.bin"]
    assert told == {("a.bin", len(CONTENT)), ("b.bin", len(CONTENT))}
    monkeypatch.setenv("BRICKS_DATA_PATH", str(tmp_path))
    assert main(["fetch", "mnist"]) == 0
    out = capsys.readouterr().out
    assert "a.bin: 700,000 bytes, with the right sum" in out
    assert "next: python -m bricks convert mnist " in out
    assert sorted(os.listdir(tmp_path / "mnist")) == ["a.bin", "b.bin"]
    assert main(["fetch", "mnits"]) == 2
    assert "did you mean 'mnist'?" in capsys.readouterr().err


def test_every_known_file_has_a_sum_and_safe_mirrors():
    for files in downloads.ORIGINALS.values():
        for file in files:
            assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
            assert file.mirrors and all(
                mirror.startswith("https://") and mirror.endswith("/") for mirror in file.mirrors
            )
