from dags.feeds import *  # noqa: F403 - ParkBridge's airflow dags: one per feed
from dags.operating_snapshots import *  # noqa: F403 - the night
from dags.upkeep import *  # noqa: F403 - weekly upkeep
