"""S3 Batch Operations: work on many objects, handed over as a list and reported on object by object."""
