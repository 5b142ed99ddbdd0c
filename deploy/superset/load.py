"""Fill a Superset with ParkBridge's dashboards: its tables and roles, one administrator, and the bundle over one database.

It runs in Superset's own environment (up.py starts it there) and may be run again: what is there already is brought up to date.
Secrets come by the environment, never by the command line, which every user of the machine can read.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import yaml
from flask import g
from flask_migrate import upgrade
from superset.app import create_app


def contents(bundle: Path, uri: str) -> dict[str, str]:
    """The bundle's files by name, as Superset's importer takes them, with the database that they are over."""
    found = {path.relative_to(bundle).as_posix(): path.read_text(encoding="utf-8") for path in bundle.rglob("*.yaml")}
    name = "databases/parkbridge.yaml"
    database = yaml.safe_load(found[name])
    database["sqlalchemy_uri"] = uri
    if not uri.startswith("duckdb:"):
        # what locks a DuckDB file says nothing to a server: there the role of the connection decides
        database["extra"]["engine_params"] = {}
    found[name] = yaml.safe_dump(database, allow_unicode=True)
    return found


def main() -> None:
    """Bring Superset's tables up to date, make the administrator, import the bundle."""
    app = create_app()
    with app.app_context():
        import superset
        from superset import appbuilder, security_manager
        from superset.commands.dashboard.importers.v1 import ImportDashboardsCommand

        upgrade(directory=str(Path(superset.__file__).parent / "migrations"))
        appbuilder.add_permissions(update_perms=True)
        security_manager.sync_role_definitions()
        name = os.environ["SUPERSET_USER"]
        user = security_manager.find_user(username=name) or security_manager.add_user(
            name,
            "Park",
            "Bridge",
            "admin@localhost",
            security_manager.find_role("Admin"),
            os.environ["SUPERSET_PASSWORD"],
        )
        if not user:
            sys.exit(f"Superset took no user {name}")
        g.user = user
        bundle = contents(Path(__file__).with_name("bundle"), os.environ["SUPERSET_DATABASE_URI"])
        ImportDashboardsCommand(bundle, overwrite=True).run()


if __name__ == "__main__":
    main()
