"""S3 Inventory: a bucket's objects as S3 wrote them into files, read back and checked."""
