"""What other teams' DAGs hang on: an asset per feed, per staged subject, and of the published park.

| asset | emitted |
|---|---|
| `parkbridge://feed/<feed>` | a run of the feed came through, also one that brought nothing new |
| `parkbridge://staged/<subject>` | the same, for every feed of the subject |
| `parkbridge://published/park` | a night was published |
"""

from __future__ import annotations

from airflow.sdk import Asset

from connectors.feed import Feed

PUBLISHED = Asset(name="parkbridge/published/park", uri="parkbridge://published/park")


def of_feed(name: str) -> Asset:
    """What a feed's runs emit."""
    return Asset(name=f"parkbridge/feed/{name}", uri=f"parkbridge://feed/{name}")


def of_subject(name: str) -> Asset:
    """What every feed of a subject emits."""
    return Asset(name=f"parkbridge/staged/{name}", uri=f"parkbridge://staged/{name}")


def emitted_by(feed: Feed) -> list[Asset]:
    """The assets of one feed."""
    return [of_feed(feed.name), of_subject(feed.subject.name)]
