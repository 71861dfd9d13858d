"""edged: counts visits and emotions at a shop camera and publishes only anonymised aggregates.

The rooms, in the order the data walks through them:

    camera → vision → visits → windows → anonymise → outbox → publish

See docs/ARCHITECTURE.md.
"""

__version__ = "0.1.0"
