"""A stand-in of AWS S3 that behaves cold: classes, restores, a simulated clock, faults."""
