"""Where things lie on this machine, read from the environment once per process; nothing else reads the environment.

===========================  =======================================================================================
PARKBRIDGE_HOME              the park's folder: raw batches, the warehouse, what is published (default: build/park, in the checkout or,
                             of an installed wheel, in the current folder)
PARKBRIDGE_FEEDS             feed folders, separated as in PATH (default: connectors/feeds)
PARKBRIDGE_PARK_NAME         the park's name, as readers see it
PARKBRIDGE_TIME_ZONE         the park's time zone; a night ends at midnight there (default: Asia/Shanghai)
PARKBRIDGE_NIGHT             when the night runs: an hour such as 02:00, or feeds: once every feed has come (default: 02:00)
PARKBRIDGE_KEEP_NIGHTS       how many published nights are kept for rollback (default: 7)
PARKBRIDGE_EXPORTS           1: each night writes the operators' views into published/exports/园区.xlsx (default: 0)
PARKBRIDGE_AUDIENCES         who gets an edition of each night, with commas: director, operator, public (default: director)
PARKBRIDGE_POLICY            who may see which column (default: warehouse/policy.yml; docs/audiences.md)
PARKBRIDGE_MEMORY_LIMIT      DuckDB's memory limit (default: 4GB)
PARKBRIDGE_PSEUDONYM_KEY     makes identity numbers keyed pseudonyms; without it they are blotted out (docs/runbook.md)
PARKBRIDGE_JUDGEMENTS        people's match decisions (default: transforms/judgements.csv of the checkout;
                             of an installed wheel judgements.csv in the park's folder)
PARKBRIDGE_OUTCOMES          people's answers to the work list (default: outcomes.csv in the park's folder)
PARKBRIDGE_BACKUP            where weekly backups go; another disk is wiser (default: backup in the park's folder)
PARKBRIDGE_DRILL_DAYS        every how many days upkeep restores the backup into a scratch folder; 0 never (default: 7)
PARKBRIDGE_ALERT_COMMAND     a program run with the text of an alert on standard input (default: the task log only)
===========================  =======================================================================================
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from warehouse.errors import DeclarationError

# the audience that sees everything: published/park.duckdb
DIRECTOR = "director"
_YES_NO = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
# where the program is: a checkout, or the site-packages that a wheel was installed into
CHECKOUT = Path(__file__).resolve().parent.parent
IS_CHECKOUT = (CHECKOUT / "setup.cfg").is_file()
POLICY = Path(__file__).with_name("policy.yml")
FEEDS = CHECKOUT / "connectors" / "feeds"
DAGS = CHECKOUT / "dags"


@dataclass(frozen=True)
class Settings:
    """One machine's answers to where and how much. All paths are absolute."""

    home: Path
    feed_folders: tuple[Path, ...]
    park_name: str
    time_zone: ZoneInfo
    keep_nights: int
    memory_limit: str
    judgements: Path
    outcomes: Path
    backup: Path
    alert_command: str
    pseudonym_key: str = field(repr=False)
    exports: bool = False
    night: str = "02:00"
    drill_days: int = 7
    audiences: tuple[str, ...] = (DIRECTOR,)
    policy: Path = POLICY
    audience: str = DIRECTOR

    def of_audience(self, audience: str) -> Settings:
        """The same park as one audience sees it: `published` is that of its edition."""
        return replace(self, audience=audience)

    @property
    def raw(self) -> Path:
        """Landed batches: raw/<feed>/<batch_id>/."""
        return self.home / "raw"

    @property
    def warehouse_file(self) -> Path:
        """The private warehouse; readers never open it."""
        return self.home / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        """What readers open: park.duckdb, its manifest, the nights kept. Editions of other audiences are folders of their own."""
        whole = self.home / "published"
        return whole if self.audience == DIRECTOR else whole / "editions" / self.audience

    @property
    def released(self) -> Path:
        """What was behind each number that a public edition ever showed: private, and never revised."""
        return self.home / "released.parquet"

    @property
    def firm_names(self) -> Path:
        """The names that people said are firms' (warehouse/suspected_names.py)."""
        return self.home / "firm_names.csv"

    @property
    def published_file(self) -> Path:
        """The file that SQL clients and BI tools open."""
        return self.published / "park.duckdb"

    @property
    def data_docs(self) -> Path:
        """Great Expectations' pages about the last night's checks; they quote values, so they are not published."""
        return self.home / "data_docs"

    @classmethod
    def from_environment(cls) -> Settings:
        """Read the environment; a value that cannot be used raises DeclarationError naming the variable."""

        def of(name: str, default: str) -> str:
            return os.environ.get(f"PARKBRIDGE_{name}", "").strip() or default

        # a wheel's own folder is replaced by the next version: nothing of a park is kept in it
        home = (
            Path(of("HOME", str((CHECKOUT if IS_CHECKOUT else Path.cwd()) / "build" / "park"))).expanduser().absolute()
        )
        judgements = CHECKOUT / "transforms" / "judgements.csv" if IS_CHECKOUT else home / "judgements.csv"
        folders = tuple(
            Path(part).expanduser().absolute() for part in of("FEEDS", str(FEEDS)).split(os.pathsep) if part
        )
        zone, nights = of("TIME_ZONE", "Asia/Shanghai"), of("KEEP_NIGHTS", "7")
        try:
            time_zone = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise DeclarationError(
                "PARKBRIDGE_TIME_ZONE", f"{zone!r} is no time zone", next_step="give a name such as Asia/Shanghai"
            ) from error
        if not re.fullmatch("0*[1-9][0-9]*", nights):
            raise DeclarationError(
                "PARKBRIDGE_KEEP_NIGHTS", f"{nights!r} is no count of nights", next_step="give a whole number from 1"
            )
        if not re.fullmatch("[0-9]{1,4}", drill_days := of("DRILL_DAYS", "7")):
            raise DeclarationError(
                "PARKBRIDGE_DRILL_DAYS", f"{drill_days!r} is no count of days", next_step="give a whole number from 0"
            )
        if not re.fullmatch("(?:[01][0-9]|2[0-3]):[0-5][0-9]|feeds", night := of("NIGHT", "02:00")):
            raise DeclarationError(
                "PARKBRIDGE_NIGHT", f"{night!r} is no time of day", next_step="give an hour such as 02:00, or feeds"
            )
        if not re.fullmatch(r"(?i)[0-9]+(\.[0-9]+)? ?[KMGT]i?B", memory := of("MEMORY_LIMIT", "4GB")):
            raise DeclarationError(
                "PARKBRIDGE_MEMORY_LIMIT", f"{memory!r} is no size", next_step="give a size such as 4GB or 800MiB"
            )
        if (exports := of("EXPORTS", "0").lower()) not in _YES_NO:
            raise DeclarationError("PARKBRIDGE_EXPORTS", f"{exports!r} is neither 1 nor 0", next_step="give 1 or 0")
        audiences = tuple(dict.fromkeys(part for part in re.split(r"[,\s]+", of("AUDIENCES", DIRECTOR)) if part))
        if DIRECTOR not in audiences or not all(re.fullmatch("[a-z][a-z0-9_]*", one) for one in audiences):
            raise DeclarationError(
                "PARKBRIDGE_AUDIENCES",
                f"{','.join(audiences)!r} is no list of audiences with {DIRECTOR}",
                next_step=f"give {DIRECTOR} and the others with commas, such as {DIRECTOR},operator,public",
            )
        return cls(
            audiences=audiences,
            policy=Path(of("POLICY", str(POLICY))).expanduser().absolute(),
            home=home,
            feed_folders=folders,
            park_name=of("PARK_NAME", "Demo park 示范园区"),
            time_zone=time_zone,
            keep_nights=int(nights),
            exports=_YES_NO[exports],
            night=night,
            drill_days=int(drill_days),
            memory_limit=memory,
            judgements=Path(of("JUDGEMENTS", str(judgements))).expanduser().absolute(),
            outcomes=Path(of("OUTCOMES", str(home / "outcomes.csv"))).expanduser().absolute(),
            backup=Path(of("BACKUP", str(home / "backup"))).expanduser().absolute(),
            alert_command=of("ALERT_COMMAND", ""),
            pseudonym_key=of("PSEUDONYM_KEY", ""),
        )
