"""Carries plans out: the worker loop, leases, steps, progress and the gate."""
