"""Which record is of which enterprise: names, addresses, codes and people's judgements, and the order of the steps."""
