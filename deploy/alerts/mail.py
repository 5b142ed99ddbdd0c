"""Send an alert of ParkBridge by mail: the message on standard input, to ALERT_MAIL_TO, through sendmail.

The subject says what to do next; the text has it again as its first line, then the fact.
"""

from __future__ import annotations

import os
import subprocess
import sys
from email.message import EmailMessage

from webhook import ordered


def main() -> int:
    """Hand the mail over; 1 where sendmail did not take it, 2 where the set-up is wrong."""
    to = os.environ.get("ALERT_MAIL_TO", "")
    if not to or "\n" in to:
        sys.stderr.write("mail: set ALERT_MAIL_TO to the address of who is on duty\n")
        return 2
    text = ordered(sys.stdin.read())
    mail = EmailMessage()
    mail["To"] = to
    mail["Subject"] = text.splitlines()[0][:150]
    mail.set_content(text + "\n")
    program = os.environ.get("ALERT_SENDMAIL", "/usr/sbin/sendmail")
    try:
        # the operator's own setting; -t takes the address from the mail itself
        done = subprocess.run([program, "-t", "-oi"], input=mail.as_bytes(), timeout=40, check=False)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        sys.stderr.write(f"mail: {program}: {type(error).__name__}\n")
        return 1
    return 1 if done.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
