"""What we decided and did: plans, jobs, leases and the hash-chained audit. Precious."""
