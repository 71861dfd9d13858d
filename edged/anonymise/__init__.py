"""Anonymise room: the only door from `Tally` to `Release`. Small enough to audit in one sitting. Pure."""
