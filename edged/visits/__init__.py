"""Visits room: `Sighting → Visit`. Boxes and track ids stop here. Pure: no I/O, no clock."""
