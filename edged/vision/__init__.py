"""Vision room: `Frame → list[Sighting]`. Pixels stop here."""
