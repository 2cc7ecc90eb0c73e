"""What lies between two scans: worked out when a rescan ends, brought into the catalogue, kept and read."""
