"""The verbs: one file each, all that both faces call."""
