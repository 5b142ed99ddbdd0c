"""What must hold: contracts made from feed.yml, hand-written suites, cross-table rules, and what runs them.

Great Expectations takes five seconds to import, so nothing of this package imports it until checks are run.
"""

import logging

# Great Expectations logs 214 lines while it is imported, unless its log level is set before.
logging.getLogger("great_expectations").setLevel(logging.WARNING)
