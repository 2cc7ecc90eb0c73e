"""Stand-ins of the stores for demo, tests and screenshots. They import nothing of ours."""
