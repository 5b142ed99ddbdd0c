"""SFTP with the server's key checked: fsspec by itself trusts whatever key it meets first."""

from __future__ import annotations

import base64
import binascii
import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import paramiko
import paramiko.sftp as sftp_codes
from fsspec.implementations.sftp import SFTPFileSystem

from connectors.credentials import Credentials

_TIMEOUT_SECONDS: Final = 15
_SILENCE_SECONDS: Final = 60


class HostKeyUnknownError(PermissionError):
    """The server shows a key that is not confirmed."""


class PrivateKeyUnusableError(PermissionError):
    """The connection's private key cannot be read."""


class _Refuse(paramiko.MissingHostKeyPolicy):
    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:  # noqa: ARG002
        raise HostKeyUnknownError(
            f"the server {hostname} shows a {key.get_name()} key with fingerprint {key.fingerprint} that is not known. "
            "Ask the office to confirm this fingerprint, then put the key into the connection's extra as host_key "
            "(ssh-keyscan prints it)"
        )


class _AnyName(paramiko.SFTPClient):
    """paramiko's client for names of any bytes: by itself it reads UTF-8 alone, and Windows servers write GBK."""

    def listdir_iter(self, path: Any = ".", read_aheads: int = 1) -> Iterator[paramiko.SFTPAttributes]:  # noqa: ARG002
        """Give what a folder holds, with bytes that are no UTF-8 as Python has them in names of files."""
        ask: Any = self._request  # type: ignore[attr-defined]  # what is private has no types
        _, opened = ask(sftp_codes.CMD_OPENDIR, self._adjust_cwd(path))
        handle = opened.get_string()
        try:
            while True:
                with contextlib.suppress(EOFError):  # so the server says that there is no more
                    _, page = ask(sftp_codes.CMD_READDIR, handle)
                    for _ in range(page.get_int()):
                        name, _long = _as_text(page.get_string()), page.get_string()
                        entry = paramiko.SFTPAttributes._from_msg(page, name)  # type: ignore[attr-defined]
                        if name not in (".", ".."):
                            yield entry
                    continue
                return
        finally:
            ask(sftp_codes.CMD_CLOSE, handle)

    def normalize(self, path: Any) -> str:
        """Give a whole path, with all links followed."""
        _, answer = self._request(sftp_codes.CMD_REALPATH, self._adjust_cwd(path))  # type: ignore[attr-defined]
        answer.get_int()
        return _as_text(answer.get_string())

    def _adjust_cwd(self, path: Any) -> Any:
        given = path.encode("utf-8", "surrogateescape") if isinstance(path, str) else path
        return super()._adjust_cwd(given)  # type: ignore[misc]


def _as_text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def prefetch(source: Any, size: int, requests: int) -> None:
    """Ask for all of an open file, so many pieces at a time; what breaks is raised where it is read.

    paramiko asks in a thread, of which the traceback would be on the terminal of whoever runs it.
    """
    ask = source._prefetch_thread

    def ask_quietly(*pieces: Any) -> None:
        with contextlib.suppress(EOFError, OSError, paramiko.SSHException):
            ask(*pieces)

    source._prefetch_thread = ask_quietly
    source.prefetch(size, max_concurrent_requests=requests)


class CheckedSftp(SFTPFileSystem):  # type: ignore[misc]  # fsspec has no types
    """fsspec's SFTP, connecting only to a server with a known key."""

    cachable = False

    @classmethod
    def connect(cls, credentials: Credentials) -> CheckedSftp:
        """Log in with the credentials of a connection; neither an agent's nor the home folder's keys are tried."""
        extra = credentials.extra
        key = str(extra["private_key"]) if extra.get("private_key") else None
        return cls(
            credentials.host or "localhost",
            port=credentials.port or 22,
            username=credentials.login,
            password=credentials.password,
            pkey=_private_key(key, extra.get("private_key_passphrase")) if key else None,
            key_filename=extra.get("key_file"),
            passphrase=extra.get("private_key_passphrase"),
            known=(extra.get("host_key"), extra.get("known_hosts")),
        )

    def __init__(self, host: str, *, known: tuple[str | None, str | None], **login: Any) -> None:
        self._known = known
        super().__init__(host, **login)

    def _connect(self) -> None:
        self.client = paramiko.SSHClient()
        self.client.set_missing_host_key_policy(_Refuse())
        port = self.ssh_kwargs["port"]
        name = self.host if port == 22 else f"[{self.host}]:{port}"
        host_key, known_hosts = self._known
        if host_key:
            found = _public_key(host_key)
            self.client.get_host_keys().add(name, found.get_name(), found)
        elif known_hosts:
            self.client.load_host_keys(str(Path(known_hosts).expanduser()))
        else:
            self.client.load_system_host_keys()
        self.client.connect(
            self.host,
            **self.ssh_kwargs,
            timeout=_TIMEOUT_SECONDS,
            banner_timeout=_TIMEOUT_SECONDS,
            auth_timeout=_TIMEOUT_SECONDS,
            allow_agent=False,
            look_for_keys=False,
        )
        transport = self.client.get_transport()
        assert transport  # it is connected
        self.ftp = _AnyName.from_transport(transport)
        assert self.ftp
        channel = self.ftp.get_channel()
        if channel:
            channel.settimeout(_SILENCE_SECONDS)


def _public_key(text: str) -> paramiko.PKey:
    """Read a server's key as known_hosts or ssh-keyscan writes it: type and base64, or base64 alone."""
    encoded = next((part for part in text.split() if part.startswith("AAAA")), "")
    try:
        content = base64.b64decode(encoded, validate=True)
        length = int.from_bytes(content[:4], "big")
        return paramiko.PKey.from_type_string(content[4 : 4 + length].decode(), content)
    except (binascii.Error, ValueError, KeyError, paramiko.SSHException, paramiko.pkey.UnknownKeyType):
        raise HostKeyUnknownError("host_key in the connection's extra is no public key") from None


def _private_key(text: str, passphrase: str | None) -> paramiko.PKey:
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(io.StringIO(text), passphrase)
        except (paramiko.SSHException, ValueError, IndexError):
            continue
    raise PrivateKeyUnusableError("private_key in the connection's extra cannot be read, or its passphrase is wrong")
