"""deploy/ and docs/airflow.md say the same as setup.cfg, the lock and the code; the alert samples send what robots take."""

from __future__ import annotations

import base64
import configparser
import hashlib
import hmac
import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from warehouse.settings import CHECKOUT, Settings

DEPLOY = CHECKOUT / "deploy"
PAGE = (CHECKOUT / "docs" / "airflow.md").read_text(encoding="utf-8")
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
HARD = 'lease 租赁台账_202611.xlsx: "客户\\编号" is $(missing)\n\tor `empty`. Next: ask for the file again'


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions, continued lines joined."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE).replace("\\\n", " ")
    return [(line.split()[0], line.partition(" ")[2]) for line in text.splitlines() if line.strip()]


def pinned() -> str:
    found = configparser.ConfigParser()
    found.read(CHECKOUT / "setup.cfg", encoding="utf-8")
    version = re.search(r"^apache-airflow==(\S+)$", found["options"]["install_requires"], re.MULTILINE)
    assert version
    return version[1]


def test_the_image_is_of_the_pinned_airflow_and_installs_the_lock_with_its_hashes() -> None:
    [base] = [rest for word, rest in instructions() if word == "FROM"]
    image, version, python = re.fullmatch(r"(\S+):([\d.]+)-python(3\.\d+)", base).groups()  # type: ignore[union-attr]
    lock = (CHECKOUT / "requirements.lock").read_text(encoding="utf-8")
    assert image == "apache/airflow"
    assert version == pinned() == re.search(r"^apache-airflow==(\S+)", lock, re.MULTILINE)[1]  # type: ignore[index]
    assert (3, 11) <= tuple(map(int, python.split("."))) < (3, 14)
    runs = [rest for word, rest in instructions() if word == "RUN"]
    assert re.search(r"pip install .*--require-hashes -r \S*requirements\.lock", runs[0])
    # all else is installed without its requirements: nothing comes in that the lock does not name
    assert all("--no-deps" in part for run in runs[1:] for part in run.split("&&") if "pip install" in part)
    for copied in ["requirements.lock", "deploy/parkbridge_dags.py"]:
        assert (CHECKOUT / copied).exists()
        assert copied in DOCKERFILE
    assert f"| Airflow | {pinned()}," in PAGE


def test_the_compose_file_names_the_image_the_pool_and_known_settings() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yml").read_text(encoding="utf-8"))
    services: dict[str, Any] = compose["services"]
    assert services["scheduler"]["image"].endswith(f":{pinned()}")
    assert (DEPLOY / services["scheduler"]["build"]["context"] / services["scheduler"]["build"]["dockerfile"]).exists()
    assert 'pools set warehouse_writer 1 "' in services["init"]["command"][0]
    environment = services["scheduler"]["environment"]
    for setting in (name for name in environment if name.startswith("PARKBRIDGE_")):
        assert (
            setting.removeprefix("PARKBRIDGE_").lower() in Settings.__dataclass_fields__
            or setting == "PARKBRIDGE_FEEDS"
        )
    # no secret has a default, and each is made by the page's own lines
    for name in re.findall(r"\$\{(\w+):\?", json.dumps(environment)):
        assert f"{name}=" in PAGE
    assert {"FERNET_KEY", "JWT_SECRET", "POSTGRES_PASSWORD"} <= set(
        re.findall(r"\$\{(\w+):\?", json.dumps(environment))
    )
    # nothing is published to other machines
    assert all(port.startswith("127.0.0.1:") for one in services.values() for port in one.get("ports", []))
    ignored = (CHECKOUT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "/deploy/.env" in ignored


def test_the_page_shows_the_bundle_as_it_is() -> None:
    bundle = (DEPLOY / "parkbridge_dags.py").read_text(encoding="utf-8")
    assert len(bundle.splitlines()) == 3
    assert bundle in PAGE.replace("\n   ", "\n")


@pytest.mark.parametrize("name", ["runbook.md", "airflow.md"])
def test_no_line_of_a_page_depends_on_a_variable_that_is_not_set(name: str) -> None:
    """Within one block of commands: set by `parkbridge env`, by export, or by the line itself."""
    from dags.environment import environment

    shown = set(environment(Settings.from_environment()))
    text = (CHECKOUT / "docs" / name).read_text(encoding="utf-8")
    wrong = []
    for block in re.findall(r"(?:^    .*\n)+", text, re.MULTILINE):
        known: set[str] = set()
        for line in block.splitlines():
            known |= set(re.findall(r"(?:export |\s)([A-Z_]{3,})=", line))
            if 'eval "$(parkbridge env)"' in line:
                known |= shown
            wrong += [line for used in re.findall(r"\$\{?([A-Z_]{3,})", line) if used not in known]
    # and in running text no variable is leaned on at all
    wrong += re.findall(r"`[^`\n]*\$\{?[A-Z_]{3,}[^`\n]*`", text)
    assert wrong == []


Received = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def robot() -> Iterator[tuple[str, Received, list[bytes]]]:
    """A robot's server: its address, what it got, and what it answers."""
    got: Received = []
    answers = [b'{"errcode": 0, "errmsg": "ok"}']

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.path, json.loads(body)))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answers[0])

        def log_message(self, *_: Any) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/send?key=robots-own-key", got, answers
    server.shutdown()
    server.server_close()
    thread.join()


def run(name: str, message: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ALERT_")}
    return subprocess.run(
        [DEPLOY / "alerts" / name], input=message, text=True, capture_output=True, env=kept | environment, timeout=30
    )


@pytest.mark.parametrize("name", ["wecom", "dingtalk", "feishu"])
def test_a_robot_gets_one_message_with_the_next_step_first(name: str, robot: tuple[str, Received, list[bytes]]) -> None:
    url, got, _ = robot
    done = run(name, HARD, ALERT_WEBHOOK_URL=url, ALERT_WEBHOOK_SECRET="SEC 密")
    assert (done.returncode, done.stderr) == (0, "")
    [(path, body)] = got
    text = body["content"]["text"] if name == "feishu" else body["text"]["content"]
    first, second = text.split("\n")
    assert first == "ParkBridge: ask for the file again"
    assert second == 'lease 租赁台账_202611.xlsx: "客户\\编号" is $(missing) or `empty`'
    query = parse_qs(urlsplit(path).query)
    assert query["key"] == ["robots-own-key"]
    if name == "dingtalk":
        digest = hmac.new("SEC 密".encode(), f"{query['timestamp'][0]}\nSEC 密".encode(), hashlib.sha256).digest()
        assert query["sign"] == [base64.b64encode(digest).decode()]
    if name == "feishu":
        digest = hmac.new(f"{body['timestamp']}\nSEC 密".encode(), digestmod=hashlib.sha256).digest()
        assert body["sign"] == base64.b64encode(digest).decode()
    assert body["msg_type" if name == "feishu" else "msgtype"] == "text"


def test_a_long_message_is_cut_between_characters_and_keeps_its_next_step(
    robot: tuple[str, Received, list[bytes]],
) -> None:
    url, got, _ = robot
    assert run("wecom", "企" * 5_000 + ". Next: run it again", ALERT_WEBHOOK_URL=url).returncode == 0
    text = got[0][1]["text"]["content"]
    assert text.startswith("ParkBridge: run it again\n企企")
    assert text.endswith("企…")
    assert 1_990 < len(text.encode()) <= 2_048


@pytest.mark.parametrize("answer", [b'{"errcode": 93000, "errmsg": "invalid webhook url"}', b"<html>", b""])
def test_a_robot_that_refuses_is_a_failure_and_its_key_is_not_repeated(
    answer: bytes, robot: tuple[str, Received, list[bytes]]
) -> None:
    url, _, answers = robot
    answers[0] = answer
    done = run("wecom", "night: it broke. Next: look", ALERT_WEBHOOK_URL=url)
    assert done.returncode == 1
    assert "wecom:" in done.stderr
    assert "robots-own-key" not in done.stderr


@pytest.mark.parametrize("url", ["", "http://example.org/send", "file:///etc/passwd"])
def test_an_address_that_is_none_is_said(url: str) -> None:
    assert run("feishu", "x", ALERT_WEBHOOK_URL=url).returncode == 2


def test_a_mail_says_what_to_do_in_its_subject(tmp_path: Path) -> None:
    import email
    from email import policy

    program = tmp_path / "sendmail"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/given\nexec cat > {tmp_path}/mail\n', encoding="utf-8")
    program.chmod(0o755)
    done = run("mail", HARD, ALERT_MAIL_TO="duty@example.org", ALERT_SENDMAIL=str(program))
    assert (done.returncode, done.stderr) == (0, "")
    mail = email.message_from_bytes((tmp_path / "mail").read_bytes(), policy=policy.default)
    assert (mail["To"], mail["Subject"]) == ("duty@example.org", "ParkBridge: ask for the file again")
    assert '租赁台账_202611.xlsx: "客户\\编号"' in mail.get_content()
    assert (tmp_path / "given").read_text(encoding="utf-8").split() == ["-t", "-oi"]
    program.write_text("#!/bin/sh\nexit 75\n", encoding="utf-8")
    assert run("mail", HARD, ALERT_MAIL_TO="duty@example.org", ALERT_SENDMAIL=str(program)).returncode == 1
