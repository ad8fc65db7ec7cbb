"""The same `core` over the archive: proving what was published, correcting what was not right."""
