"""The entry point `parkbridge`: one command of cli/, and what its user is shown where it cannot go on."""

from __future__ import annotations

import os
import sys
import traceback

from cli import parser
from warehouse.errors import ParkBridgeError, of_a_file
from warehouse.settings import Settings
from warehouse.terminal import coloured


def _edition(settings: Settings, audience: str) -> Settings:
    """The settings of an audience, which has an edition that is published."""
    from warehouse.policy import read_policy

    if audience != settings.audience:
        read_policy(settings.policy).edition(audience)
    settings = settings.of_audience(audience)
    if not settings.published_file.exists():
        raise ParkBridgeError(
            f"audience {audience!r}",
            "its edition is not published",
            next_step=f"set PARKBRIDGE_AUDIENCES=director,{audience} and run `parkbridge sync`",
        )
    return settings


def main() -> int:
    """Run one command."""
    given = parser().parse_args()
    try:
        settings = Settings.from_environment()
        if audience := getattr(given, "audience", None):
            settings = _edition(settings, audience)
        code: int = given.work(settings, given)
    except ParkBridgeError as error:
        return _stopped(error, is_debug=given.debug)
    except BrokenPipeError:
        # whoever read has gone: nothing more can be said, nor is there anything left to flush at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:  # a folder in a file's place, a link to nowhere, a file of another user
        stop = of_a_file(error)
        if stop is None:
            raise
        return _stopped(stop, is_debug=given.debug)
    except KeyboardInterrupt:
        return 130
    return code


def _stopped(error: ParkBridgeError, *, is_debug: bool) -> int:
    if is_debug:
        traceback.print_exc()
    print(f"{coloured('parkbridge:', 'red', sys.stderr)} {error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
