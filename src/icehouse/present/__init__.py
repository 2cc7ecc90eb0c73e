"""Presenters, pure: a domain row in, cells and words out; what a face says is tested without a face."""
