"""Windows room: `Visit → Tally`, one tally for each stretch of wall-clock time. Pure: no I/O, no clock."""
