"""Config room: one TOML file, overridden by the environment and by systemd credentials, checked before use."""
