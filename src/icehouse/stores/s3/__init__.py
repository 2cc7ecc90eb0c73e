"""AWS S3 and its work-alikes, through botocore."""
