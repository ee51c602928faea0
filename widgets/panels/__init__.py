"""The controls: each panel has a `root` to show and an `update` that reads the session."""
