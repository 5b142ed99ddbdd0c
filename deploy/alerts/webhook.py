"""Send an alert of ParkBridge to a group of WeCom (企业微信), DingTalk (钉钉) or Feishu (飞书).

The message is read from standard input, the robot's address from ALERT_WEBHOOK_URL; DingTalk and Feishu robots that are
secured by a signature take its key from ALERT_WEBHOOK_SECRET. Only Python's own library is needed: copy the folder to where
the service's user can run it, and name wecom, dingtalk or feishu as PARKBRIDGE_ALERT_COMMAND.

The first line sent says what to do next, so that a phone's notification shows it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

NEXT = "Next: "
# WeCom takes 2,048 bytes of text; the others more
LIMIT_BYTES = 2_000
TIMEOUT_SECONDS = 20


def ordered(message: str) -> str:
    """The message with its next step as the first line, the fact below, short enough for a group robot."""
    message = " ".join(message.split())
    fact, found, step = message.rpartition(NEXT)
    lines = [f"ParkBridge: {step}", fact.rstrip(" .;")] if found else [f"ParkBridge: {message}"]
    return clipped("\n".join(lines))


def clipped(text: str) -> str:
    """The text within the limit, never cut within a character."""
    raw = text.encode("utf-8")
    return text if len(raw) <= LIMIT_BYTES else raw[: LIMIT_BYTES - 3].decode("utf-8", "ignore") + "…"


def wecom(text: str, url: str, secret: str) -> tuple[str, dict[str, object]]:  # noqa: ARG001 - called as the others are
    """WeCom's robot: the key is part of its address."""
    return url, {"msgtype": "text", "text": {"content": text}}


def dingtalk(text: str, url: str, secret: str) -> tuple[str, dict[str, object]]:
    """DingTalk's robot: a signature of milliseconds and key is added to the address."""
    if secret:
        now = str(round(time.time() * 1000))
        sign = base64.b64encode(hmac.new(secret.encode(), f"{now}\n{secret}".encode(), hashlib.sha256).digest())
        url += ("&" if "?" in url else "?") + urllib.parse.urlencode({"timestamp": now, "sign": sign.decode()})
    return url, {"msgtype": "text", "text": {"content": text}}


def feishu(text: str, url: str, secret: str) -> tuple[str, dict[str, object]]:
    """Feishu's robot: a signature keyed by seconds and key is part of the body."""
    body: dict[str, object] = {"msg_type": "text", "content": {"text": text}}
    if secret:
        now = str(int(time.time()))
        sign = base64.b64encode(hmac.new(f"{now}\n{secret}".encode(), b"", hashlib.sha256).digest())
        body |= {"timestamp": now, "sign": sign.decode()}
    return url, body


KINDS = {"wecom": wecom, "dingtalk": dingtalk, "feishu": feishu}


def main(kind: str) -> int:
    """Send what is on standard input; 1 where the robot did not take it, 2 where the set-up is wrong."""
    url = os.environ.get("ALERT_WEBHOOK_URL", "")
    if kind not in KINDS or not url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        sys.stderr.write(f"{kind}: set ALERT_WEBHOOK_URL to the robot's https address\n")
        return 2
    url, body = KINDS[kind](ordered(sys.stdin.read()), url, os.environ.get("ALERT_WEBHOOK_SECRET", ""))
    content = json.dumps(body, ensure_ascii=False).encode("utf-8")
    request = urllib.request.Request(url, content, {"Content-Type": "application/json; charset=utf-8"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - checked above
            said = json.loads(answer.read().decode("utf-8"))
    except (OSError, ValueError) as error:
        # the address holds the robot's key: it is not repeated
        reason = error.code if isinstance(error, urllib.error.HTTPError) else type(error).__name__
        sys.stderr.write(f"{kind}: the robot cannot be reached or gives no answer: {reason}\n")
        return 1
    # robots answer 200 also to what they refuse: the code is in the body
    code = said.get("errcode", said.get("code", 0)) if isinstance(said, dict) else "?"
    if code != 0:
        sys.stderr.write(f"{kind}: the robot refused the message: {code} {said.get('errmsg', said.get('msg', ''))}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "?"))
