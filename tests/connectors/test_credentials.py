"""Connections as Airflow finds them without a server, and secrets that stay out of every text."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.credentials import Credentials

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "p@ss w'ord/%1\\ö"

ASK = """
import json, sys
from connectors.credentials import Credentials
from warehouse.errors import SourceError

answers = {}
for name in sys.argv[1:]:
    try:
        c = Credentials.from_airflow(name)
        answers[name] = [c.conn_type, c.host, c.port, c.login, c.password, c.schema, dict(c.extra), repr(c)]
    except SourceError as error:
        answers[name] = str(error)
print("FOUND" + json.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Ask Airflow in a process of its own, with no database and no server, only the environment."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
        "AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow")),
        "PYTHONPATH": str(ROOT),
        "AIRFLOW_CONN_TAX_OFFICE": f"postgres://reader:{quote(PASSWORD, safe='')}@db.example:5433/tax?sslmode=require",
        "AIRFLOW_CONN_REGISTER": json.dumps(
            {
                "conn_type": "http",
                "host": "https://api.example",
                "password": PASSWORD,
                "extra": {"ca_file": "/etc/ca.pem", "api_key": "k3y"},
            }
        ),
        "AIRFLOW_CONN_DROP": json.dumps({"conn_type": "fs", "extra": {"path": "/data/社保"}}),
        "AIRFLOW_CONN_BROKEN": '{"conn_type": "http", "password": "hunter2"',
    }
    names = ["tax_office", "register", "drop", "broken", "missing"]
    answer = subprocess.run(
        [sys.executable, "-c", ASK, *names], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    line = next((line for line in answer.stdout.splitlines() if line.startswith("FOUND")), None)
    assert line, answer.stderr
    found: dict[str, Any] = json.loads(line.removeprefix("FOUND"))
    found["output"] = answer.stdout.replace(line, "") + answer.stderr
    return found


def test_a_uri_in_the_environment(answers: dict[str, Any]) -> None:
    assert answers["tax_office"][:7] == [
        "postgres",
        "db.example",
        5433,
        "reader",
        PASSWORD,
        "tax",
        {"sslmode": "require"},
    ]


def test_json_in_the_environment(answers: dict[str, Any]) -> None:
    extra = {"ca_file": "/etc/ca.pem", "api_key": "k3y"}
    assert answers["register"][:7] == ["http", "https://api.example", None, None, PASSWORD, None, extra]
    assert answers["drop"][:7] == ["fs", None, None, None, None, None, {"path": "/data/社保"}]


def test_neither_repr_nor_output_shows_a_secret(answers: dict[str, Any]) -> None:
    shown = answers["tax_office"][7] + answers["register"][7] + answers["broken"] + answers["output"]
    for secret in (PASSWORD, repr(PASSWORD)[1:-1], quote(PASSWORD, safe=""), "k3y", "hunter2"):
        assert secret not in shown


def test_a_missing_connection_says_how_to_add_it(answers: dict[str, Any]) -> None:
    assert answers["missing"] == (
        "connection 'missing': it is not defined. Next: set AIRFLOW_CONN_MISSING to a URI or JSON, "
        "or run: airflow connections add missing --conn-uri '…'"
    )


def test_a_connection_that_cannot_be_read_is_not_called_missing(answers: dict[str, Any]) -> None:
    assert "AIRFLOW_CONN_BROKEN is set but is neither a URI nor a JSON object" in answers["broken"]


def test_importing_credentials_does_not_import_airflow() -> None:
    code = "import sys, connectors.credentials; sys.exit(any(name.split('.')[0] == 'airflow' for name in sys.modules))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment).returncode == 0


def forms_of(secret: str, login: str) -> list[str]:
    """How libraries write a secret: plain, in URLs, in JSON, in Python's repr, in SQL, in HTTP headers."""
    return [
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        secret.replace("'", "''"),
        base64.b64encode(f"{login}:{secret}".encode()).decode(),
        base64.b64encode(secret.encode()).decode(),
    ]


@given(st.text(st.characters(codec="utf-8"), min_size=4), st.text(st.characters(codec="utf-8"), max_size=5))
def test_every_form_of_a_password_is_redacted(secret: str, login: str) -> None:
    credentials = Credentials("postgres", login=login, password=secret)
    for form in forms_of(secret, login):
        assert credentials.redact(f"(begin {form} end)") == "(begin *** end)" or secret in "(begin *** end)"


@pytest.mark.parametrize(
    "extra",
    [
        {"api_key": "s3cret-value"},
        {"aws_secret_access_key": "s3cret-value"},
        {"nested": {"Token": ["s3cret-value"]}},
        {"sqlalchemy_url": "oracle://u:s3cret-value@h/x"},
        {"sqlalchemy_url": "oracle://u:s3cret%2Dvalue@h/x"},
        {"private_key": "-----BEGIN-----\ns3cret-value-s3cret-value\n-----END-----"},
        {"private_key_passphrase": "s3cret-value"},
        {"headers": {"Authorization": "Bearer s3cret-value"}},
    ],
)
def test_secrets_of_extra_are_redacted(extra: dict[str, Any]) -> None:
    credentials = Credentials("generic", extra=extra)
    text = credentials.redact("failed: s3cret-value-s3cret-value, Bearer s3cret-value, s3cret-value")
    if "headers" in extra:
        assert "Bearer s3cret-value" not in text
    elif "private_key" in extra:
        assert "s3cret-value-s3cret-value" not in text
    else:
        assert "s3cret" not in text
    assert "s3cret" not in repr(credentials)


def test_what_is_no_secret_stays_readable() -> None:
    extra = {"endpoint_url": "http://store", "key_file": "/keys/park", "sslmode": "require", "path": "/drop"}
    credentials = Credentials("sftp", host="h", login="park", extra=extra)
    text = "http://store /keys/park require /drop park"
    assert credentials.redact(text) == text


def test_a_secret_that_holds_another_leaves_nothing_standing() -> None:
    credentials = Credentials("http", password="abc", extra={"token": "abcdef"})
    assert credentials.redact("abcdef abc") == "*** ***"


def test_a_password_in_the_host_is_redacted() -> None:
    assert "hunter2" not in Credentials("http", host="http://u:hunter2@h").redact("cannot reach http://u:hunter2@h")


@pytest.mark.parametrize(("line", "is_hidden"), [("k" * 15, False), ("k" * 16, True), ("  " + "k" * 16 + "\t", True)])
def test_a_line_of_a_key_is_redacted_from_sixteen_signs_on(line: str, is_hidden: bool) -> None:
    """A key is often shown line by line; a shorter line, such as a checksum of four signs, is in many other words too."""
    credentials = Credentials("sftp", extra={"private_key": f"-----BEGIN KEY-----\n{line}\n-----END KEY-----"})
    assert (line.strip() in credentials.redact(f"cannot read {line.strip()} of the key")) != is_hidden


@pytest.mark.parametrize(
    ("extra", "text", "shown"),
    [
        ({"token": 12345678}, "refused 12345678", "refused ***"),
        ({"token": True}, "True", "True"),
        ({"token": None}, "None", "None"),
        ({"port": 12345678}, "refused 12345678", "refused 12345678"),
    ],
)
def test_a_secret_may_be_a_number_and_is_no_yes_or_no(extra: dict[str, Any], text: str, shown: str) -> None:
    assert Credentials("http", extra=extra).redact(text) == shown
