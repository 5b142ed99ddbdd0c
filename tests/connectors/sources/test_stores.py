"""Files from a real SFTP server and a real S3 endpoint, both on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import io
import logging
import os
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncssh
import boto3
import paramiko
import pytest
from moto.server import ThreadedMotoServer

from connectors.credentials import Credentials
from connectors.sources import Window
from connectors.sources.file_drop import sftp as sftp_store
from connectors.sources.file_drop import stores
from connectors.sources.file_drop.stores import Found, Store, answering, open_store
from tests.connectors.sources.consuming import only, table_of
from tests.connectors.sources.dropping import NOW, drop, take
from warehouse.errors import SourceError

PASSWORD = "g3heim/wort+x"
ROWS = [{"row_number": 2, "no": "1", "name": "甲"}]
CONTENT = "no,name\n1,甲\n"


# --- SFTP -----------------------------------------------------------------------------------------------------------


@dataclass
class Sftp:
    """A server for one folder, with its own keys and one user."""

    folder: Path
    credentials: Credentials
    host_key: str
    user_key: str
    connections: list[str]


class Server(asyncssh.SSHServer):
    def __init__(self, connections: list[str], authorized: str) -> None:
        self.connections = connections
        self.authorized = asyncssh.import_authorized_keys(authorized)

    def begin_auth(self, username: str) -> bool:
        self.connections.append(username)
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("park", PASSWORD)

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: Any) -> bool:
        return username == "key-park" and self.authorized.validate(key, "", "") is not None


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    found = asyncio.new_event_loop()
    thread = threading.Thread(target=found.run_forever, daemon=True)
    thread.start()
    yield found
    found.call_soon_threadsafe(found.stop)
    thread.join(5)
    found.close()


def run(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run_coroutine_threadsafe(work, loop).result(20)


@pytest.fixture(scope="module")
def server(loop: asyncio.AbstractEventLoop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sftp]:
    folder = tmp_path_factory.mktemp("sftp")
    host_key = asyncssh.generate_private_key("ssh-ed25519")
    user_key = asyncssh.generate_private_key("ssh-ed25519")
    connections: list[str] = []

    async def listen() -> Any:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=lambda: Server(connections, user_key.export_public_key().decode()),
            server_host_keys=[host_key],
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=os.fsencode(folder)),
        )

    listener = run(loop, listen())
    public = host_key.export_public_key().decode().strip()
    yield Sftp(
        folder,
        Credentials(
            "sftp", "127.0.0.1", listener.get_port(), "park", PASSWORD, extra={"path": "/drop", "host_key": public}
        ),
        public,
        user_key.export_private_key("openssh").decode(),
        connections,
    )
    # not waited for: from Python 3.12 on that lasts until every client has hung up
    loop.call_soon_threadsafe(listener.close)


@pytest.fixture
def sftp(server: Sftp) -> Iterator[Sftp]:
    (server.folder / "drop").mkdir()
    server.connections.clear()
    yield server
    for path in sorted(server.folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


def with_extra(sftp: Sftp, **extra: Any) -> Credentials:
    merged = {**sftp.credentials.extra, **extra}
    return dataclasses.replace(sftp.credentials, extra={key: value for key, value in merged.items() if value})


def test_files_over_sftp(sftp: Sftp) -> None:
    drop(sftp.folder / "drop", "社保/2026/a.csv", CONTENT, NOW - timedelta(hours=3))
    drop(sftp.folder / "drop", "社保/2026/late.csv", CONTENT, NOW + timedelta(hours=3))
    delivery = only(iter(take(sftp.credentials, folder="社保", pattern="*/*.csv")))
    assert (delivery.label, delivery.delivered_at) == ("2026/a.csv", NOW - timedelta(hours=3))
    assert table_of(delivery).to_pylist() == ROWS
    assert (
        take(sftp.credentials, Window(None, NOW, known=frozenset({delivery.content_id or ""})), folder="社保/2026")
        == []
    )


def test_a_large_file_over_sftp_arrives_whole(sftp: Sftp) -> None:
    content = "no,name\n" + "".join(f"{n},公司{n}\n" for n in range(200_000))
    drop(sftp.folder / "drop", "a.csv", content)
    table = table_of(only(iter(take(sftp.credentials))))
    assert table.num_rows == 200_000
    assert table.column("name")[-1].as_py() == "公司199999"


def test_sftp_with_a_private_key(sftp: Sftp, tmp_path: Path) -> None:
    drop(sftp.folder / "drop", "a.csv", CONTENT)
    credentials = dataclasses.replace(with_extra(sftp, private_key=sftp.user_key), login="key-park", password=None)
    assert len(take(credentials)) == 1
    (tmp_path / "key").write_text(sftp.user_key)
    (tmp_path / "key").chmod(0o600)
    credentials = dataclasses.replace(with_extra(sftp, key_file=str(tmp_path / "key")), login="key-park", password=None)
    assert len(take(credentials)) == 1
    with pytest.raises(SourceError, match="private_key in the connection's extra cannot be read"):
        take(dataclasses.replace(with_extra(sftp, private_key="-----BEGIN secret-----"), password=None))


def test_an_unknown_host_key_stops_before_the_password_is_sent(
    sftp: Sftp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(sftp.folder / "drop", "a.csv", CONTENT)
    monkeypatch.setenv("HOME", str(tmp_path))
    for extra in ({"host_key": None}, {"host_key": None, "no_host_key_check": "true", "allow_host_key_change": True}):
        with pytest.raises(
            SourceError, match=r"shows a ssh-ed25519 key with fingerprint SHA256:\S+ that is not known"
        ) as stop:
            take(with_extra(sftp, **extra))
        assert not stop.value.is_passing
    assert sftp.connections == [], "no login was tried"
    assert not (tmp_path / ".ssh").exists(), "the key is not remembered either"


def test_another_host_key_stops(sftp: Sftp) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    with pytest.raises(SourceError, match="does not match") as stop:
        take(with_extra(sftp, host_key=other))
    assert not stop.value.is_passing
    assert sftp.connections == []
    with pytest.raises(SourceError, match="host_key in the connection's extra is no public key"):
        take(with_extra(sftp, host_key="SHA256:abc"))


def test_a_known_hosts_file(sftp: Sftp, tmp_path: Path) -> None:
    drop(sftp.folder / "drop", "a.csv", CONTENT)
    port = sftp.credentials.port
    (tmp_path / "known").write_text(f"[127.0.0.1]:{port} {sftp.host_key}\n")
    assert len(take(with_extra(sftp, host_key=None, known_hosts=str(tmp_path / "known")))) == 1
    base64_alone = sftp.host_key.split()[1]
    assert len(take(with_extra(sftp, host_key=base64_alone))) == 1


def test_a_wrong_password_is_in_no_message(sftp: Sftp, caplog: pytest.LogCaptureFixture) -> None:
    wrong = dataclasses.replace(sftp.credentials, password="wr0ng+secret")
    with caplog.at_level(logging.DEBUG), pytest.raises(SourceError, match="Authentication failed") as stop:
        take(wrong)
    assert not stop.value.is_passing
    assert "wr0ng" not in f"{stop.value} {stop.value!r} {stop.value.__context__!r} {caplog.text} {wrong!r}"


def test_links_out_of_the_folder_over_sftp_are_refused(sftp: Sftp) -> None:
    drop(sftp.folder, "secret.csv", CONTENT)
    inside = drop(sftp.folder / "drop", "kept/a.csv", CONTENT)
    (sftp.folder / "drop" / "link.csv").symlink_to("kept/a.csv")
    assert inside.exists()
    assert [delivery.label for delivery in take(sftp.credentials, pattern="*.csv")] == ["link.csv"]
    (sftp.folder / "drop" / "out.csv").symlink_to("../secret.csv")
    with pytest.raises(SourceError, match=r"'out\.csv' is a link that leads out of the folder"):
        take(sftp.credentials, pattern="*.csv")


def test_a_missing_folder_and_a_missing_server(sftp: Sftp) -> None:
    with pytest.raises(SourceError, match="there is no /drop/工商") as stop:
        take(sftp.credentials, folder="工商")
    assert not stop.value.is_passing
    with pytest.raises(SourceError, match="the run tries again by itself") as stop:
        take(dataclasses.replace(sftp.credentials, port=1))
    assert stop.value.is_passing


def test_a_store_that_repeats_the_password_does_not_get_it_into_a_message() -> None:
    credentials = Credentials("sftp", login="park", password=PASSWORD)
    with (
        pytest.raises(SourceError, match=r"/drop: cannot log in with \*\*\*") as stop,
        answering(credentials, "f", "/drop"),
    ):
        raise ConnectionError(f"cannot log in with {PASSWORD}")
    assert stop.value.__suppress_context__
    with pytest.raises(ZeroDivisionError), answering(credentials, "f", "/drop"):
        raise ZeroDivisionError  # an error of our own is not the store's


def test_the_size_that_is_allowed_is_allowed(tmp_path: Path) -> None:
    drop(tmp_path, "a.csv", b"x" * 1000)
    with open_store(Credentials("fs", extra={"path": str(tmp_path)}), "staff") as store:
        found = store.find("", ["*"])["a.csv"]
        assert found.size == 1000
        target = io.BytesIO()
        assert sum(len(piece) for piece in store.copy(found, target, 1000)) == 1000
        assert target.getvalue() == b"x" * 1000
        with pytest.raises(SourceError, match="has more than 0 MB"):
            list(store.copy(found, io.BytesIO(), 999))


def test_a_server_that_falls_silent_is_given_a_minute(sftp: Sftp) -> None:
    with open_store(sftp.credentials, "staff") as store:
        assert 30 <= store._files.ftp.get_channel().gettimeout() <= 120


def test_a_name_in_gbk_is_a_name(sftp: Sftp) -> None:
    folder = os.fsencode(sftp.folder / "drop")
    for name, content in (("社保.csv".encode("gbk"), CONTENT), (b"\xff\xfe.csv", CONTENT.replace("1", "2"))):
        Path(os.fsdecode(folder + b"/" + name)).write_text(content)
    assert [d.label for d in take(sftp.credentials, SOON, pattern="社*.csv")] == ["社保.csv"]
    assert sorted(d.label for d in take(sftp.credentials, SOON)) == ["\\udcff\\udcfe.csv", "社保.csv"]


def test_a_link_with_any_name_within_the_folder_is_followed(sftp: Sftp) -> None:
    name = os.fsdecode("社保.csv".encode("gbk"))
    (sftp.folder / "drop" / name).write_text(CONTENT)
    (sftp.folder / "drop" / "link.csv").symlink_to(name)
    assert sorted(d.label for d in take(sftp.credentials, SOON)) == ["link.csv", "社保.csv"]


# é as one sign, and as e with a mark behind it, as a Mac writes it
ALIKE = ("\u00e9.csv", "e\u0301.csv")


def test_two_files_with_names_that_look_alike_are_two(sftp: Sftp, bucket: Bucket, tmp_path: Path) -> None:
    for name, number in zip(ALIKE, "12", strict=True):
        content = CONTENT.replace("1", number)
        drop(sftp.folder / "drop", name, content)
        drop(tmp_path, name, content)
        bucket.put(f"drop/{name}", content)
    for credentials in (sftp.credentials, bucket.credentials, Credentials("fs", extra={"path": str(tmp_path)})):
        found = {d.label: table_of(d).column("no").to_pylist() for d in take(credentials, SOON)}
        assert found == {ALIKE[0]: ["1"], ALIKE[1]: ["2"]}


class Meanwhile:
    """What an office does while its file is copied."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str, work: Callable[[], object], piece: int = 0) -> None:
        real = Store.copy
        monkeypatch.setattr(stores, "_CHUNK", 10_000)

        def copy(store: Store, found: Found, *args: Any) -> Iterator[bytes]:
            if found.name == name and not piece:
                work()
            for number, content in enumerate(real(store, found, *args), 1):
                if found.name == name and number == piece:
                    work()
                yield content

        monkeypatch.setattr(Store, "copy", copy)


@pytest.mark.parametrize("kind", ["disk", "sftp"])
def test_a_file_that_is_written_over_while_it_is_copied_waits(
    sftp: Sftp, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    def content(sign: str) -> str:
        return "no,name\n" + f"{sign},甲\n" * 10_000

    folder = sftp.folder / "drop"
    path = drop(folder, "a.csv", content("a"))
    credentials = sftp.credentials if kind == "sftp" else Credentials("fs", extra={"path": str(folder)})

    def write_over() -> None:
        with path.open("r+b") as file:  # by as many bytes: its size says nothing
            file.write(content("b").encode())

    Meanwhile(monkeypatch, "a.csv", write_over, piece=3)
    assert take(credentials, SOON) == []
    monkeypatch.undo()
    assert set(table_of(only(iter(take(credentials, SOON)))).column("no").to_pylist()) == {"b"}


@pytest.mark.parametrize("kind", ["disk", "sftp", "s3"])
def test_a_file_that_goes_before_it_is_copied_stops_no_other(
    sftp: Sftp, bucket: Bucket, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    for number, name in enumerate(("a.csv", "b.csv", "c.csv")):
        drop(sftp.folder / "drop", name, CONTENT.replace("1", str(number)))
        bucket.put(f"drop/{name}", CONTENT.replace("1", str(number)))

    def remove() -> None:
        (sftp.folder / "drop" / "b.csv").unlink()
        bucket.client.delete_object(Bucket=bucket.name, Key="drop/b.csv")

    Meanwhile(monkeypatch, "b.csv", remove)
    disk = Credentials("fs", extra={"path": str(sftp.folder / "drop")})
    taken = take({"disk": disk, "sftp": sftp.credentials, "s3": bucket.credentials}[kind], SOON)
    assert [d.label for d in taken] == ["a.csv", "c.csv"]


def test_a_connection_that_breaks_midway_is_one_passing_stop(sftp: Sftp, monkeypatch: pytest.MonkeyPatch) -> None:
    drop(sftp.folder / "drop", "a.csv", "no,name\n" + "a,甲\n" * 1_000_000)
    said: list[object] = []
    monkeypatch.setattr(threading, "excepthook", said.append)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def pass_on() -> None:
            client, _ = listener.accept()
            upstream = socket.create_connection(("127.0.0.1", sftp.credentials.port or 0))

            def pump(source: socket.socket, target: socket.socket, most: int) -> None:
                with contextlib.suppress(OSError):
                    while most > 0 and (piece := source.recv(65_536)):
                        most -= len(piece)
                        target.sendall(piece)
                for end in (source, target):
                    with contextlib.suppress(OSError):
                        end.shutdown(socket.SHUT_RDWR)

            threading.Thread(target=pump, args=(client, upstream, 1 << 40), daemon=True).start()
            pump(upstream, client, 1_000_000)

        threading.Thread(target=pass_on, daemon=True).start()
        port = listener.getsockname()[1]
        with pytest.raises(SourceError) as stop:
            take(dataclasses.replace(sftp.credentials, port=port), SOON)
    assert stop.value.is_passing
    assert not said  # a thread's traceback on the terminal


def test_a_server_that_falls_silent_at_the_login_is_passing() -> None:
    credentials = Credentials("sftp", "127.0.0.1", password=PASSWORD)
    with pytest.raises(SourceError) as stop, answering(credentials, "staff", "127.0.0.1"):
        raise paramiko.AuthenticationException("Authentication timeout.")
    assert stop.value.is_passing


def test_a_server_that_never_greets_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 5 <= sftp_store._TIMEOUT_SECONDS <= 30
    monkeypatch.setattr(sftp_store, "_TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        credentials = Credentials("sftp", "127.0.0.1", silent.getsockname()[1], "park", PASSWORD)
        with pytest.raises(SourceError) as stop, open_store(credentials, "staff"):
            pass
    assert stop.value.is_passing


# --- S3 -------------------------------------------------------------------------------------------------------------


@dataclass
class Bucket:
    name: str
    client: Any
    credentials: Credentials

    def put(self, key: str, content: str) -> None:
        self.client.put_object(Bucket=self.name, Key=key, Body=content.encode())


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str, request: pytest.FixtureRequest) -> Bucket:
    client = boto3.client(
        "s3", endpoint_url=endpoint, aws_access_key_id="k", aws_secret_access_key="s", region_name="us-east-1"
    )
    name = f"park-{abs(hash(request.node.name)) % 10**8}"
    client.create_bucket(Bucket=name)
    extra = {"path": f"{name}/drop", "endpoint_url": endpoint, "region_name": "us-east-1"}
    return Bucket(name, client, Credentials("aws", login="AKIAKEY", password=PASSWORD, extra=extra))


# a suite on a busy machine comes here hours after it was read
SOON = Window(since=None, until=datetime.now(UTC) + timedelta(days=1))


def test_objects_in_a_bucket(bucket: Bucket) -> None:
    bucket.put("drop/社保/2026-01.csv", CONTENT)
    bucket.put("drop/社保/2026/02.csv", CONTENT)
    bucket.put("drop/社保/", "")
    bucket.put("drop/other.csv", CONTENT)
    delivery = only(iter(take(bucket.credentials, SOON, folder="社保")))
    assert delivery.label == "2026-01.csv"
    assert table_of(delivery).to_pylist() == ROWS
    assert delivery.delivered_at is not None
    assert abs(datetime.now(UTC) - delivery.delivered_at) < timedelta(minutes=5)
    known = Window(None, SOON.until, known=frozenset({delivery.content_id or ""}))
    assert take(bucket.credentials, known, folder="社保") == []
    assert [d.label for d in take(bucket.credentials, SOON, folder="社保", pattern="*/*")] == ["2026/02.csv"]
    assert take(bucket.credentials, Window(None, datetime(2020, 1, 1, tzinfo=UTC)), folder="社保") == []


def test_an_object_that_is_replaced_between_two_looks_waits(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket.put("drop/a.csv", CONTENT)
    monkeypatch.setattr(
        "connectors.sources.file_drop.time.sleep", lambda _: bucket.put("drop/a.csv", CONTENT + "2,乙\n")
    )
    assert take(bucket.credentials, SOON) == []
    monkeypatch.undo()
    assert len(take(bucket.credentials, SOON)) == 1


def test_an_empty_prefix_is_no_delivery_and_a_missing_bucket_stops(bucket: Bucket) -> None:
    assert take(bucket.credentials, SOON, folder="nothing") == []
    missing = dataclasses.replace(bucket.credentials, extra={**bucket.credentials.extra, "path": "no-such-bucket"})
    with pytest.raises(SourceError, match="no-such-bucket"):
        take(missing, SOON)


def test_an_endpoint_that_is_not_there_is_passing_and_tells_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    credentials = Credentials(
        "aws", login="AKIAKEY", password=PASSWORD, extra={"path": "b", "endpoint_url": "http://127.0.0.1:1"}
    )
    with contextlib.ExitStack() as stack:
        stack.enter_context(caplog.at_level(logging.INFO))
        stop = stack.enter_context(pytest.raises(SourceError, match=r"127\.0\.0\.1:1"))
        take(credentials, SOON)
    assert stop.value.is_passing
    assert PASSWORD not in f"{stop.value} {stop.value!r} {caplog.text} {credentials!r}"


def test_a_bucket_that_falls_silent_is_left(bucket: Bucket) -> None:
    """As botocore has it for the requests themselves: a connection within seconds, a silence of a minute, few tries."""
    with open_store(bucket.credentials, "staff") as store:
        store.find("", ["*"])
        config = store._files.s3.meta.config
    assert 5 <= config.connect_timeout <= 30
    assert 30 <= config.read_timeout <= 120
    assert 1 <= config.retries["total_max_attempts"] <= 5


def test_each_look_into_a_bucket_is_a_new_one(bucket: Bucket) -> None:
    for number in range(3):
        bucket.put(f"drop/{number}.csv", CONTENT)
        with open_store(bucket.credentials, "staff") as store:
            assert len(store.find("", ["*"])) == number + 1
            bucket.put("drop/0.csv", CONTENT * (number + 2))
            assert store.find("", ["*"])["0.csv"].size == len(CONTENT.encode()) * (number + 2)
