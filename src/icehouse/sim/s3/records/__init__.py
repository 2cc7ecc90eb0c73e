"""What S3 writes down of the requests made to it: server access logs and CloudTrail data events, delivered late."""
