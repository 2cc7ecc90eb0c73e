"""Behaviour that tests may switch: where AWS's pages disagree, and what AWS has but only sometimes shows."""

from __future__ import annotations

from dataclasses import dataclass

from icehouse.sim.switches import BaseSwitches


@dataclass(frozen=True, slots=True)
class Switches(BaseSwitches):
    """The settings, with AWS's likely behaviour as default."""

    expiry_base: str = "completion"
    """`completion` or `request`: what the Days of a restore are added to; AWS's own pages disagree."""
    expedited_capacity: bool = True
    """False answers every Expedited restore with 503 GlacierExpeditedRetrievalNotAvailable."""
    it_listing_restore_status: bool = True
    """Whether listings show RestoreStatus for Intelligent-Tiering objects that are restoring; unsettled on AWS."""
    it_restored_header: bool = False
    """Whether a restored Intelligent-Tiering object has x-amz-restore: ongoing-request="false"; unsettled on AWS."""
    live_restore_code: str = "InvalidObjectState"
    """The 403 for restoring what is not archived: that, or ObjectAlreadyInActiveTierError."""
    restores_per_second: float = 0.0
    """RestoreObject above this rate of wall time gets ThrottlingException; 0 is no limit (AWS: 1,000)."""
    requests_per_second: float = 0.0
    """Requests above this rate of wall time get 503 SlowDown; 0 is no limit."""
    link_clock: str = "wall"
    """`wall` or `simulated`: the time by which presigned links age."""
    log_delay_seconds: float = 3600.0
    """Simulated seconds until a line of an access log is delivered, give or take half of it."""
    trail_delay_seconds: float = 300.0
    """Simulated seconds until a CloudTrail event is delivered, give or take half of it."""

    def check(self) -> None:
        """Raise ValueError where a value is none of those that a switch takes."""
        if self.expiry_base not in {"completion", "request"}:
            raise ValueError("expiry_base is 'completion' or 'request'")
        if self.link_clock not in {"wall", "simulated"}:
            raise ValueError("link_clock is 'wall' or 'simulated'")
        if self.log_delay_seconds < 0 or self.trail_delay_seconds < 0:
            raise ValueError("a delay is 0 seconds or more")
        if self.live_restore_code not in {"InvalidObjectState", "ObjectAlreadyInActiveTierError"}:
            raise ValueError("live_restore_code is 'InvalidObjectState' or 'ObjectAlreadyInActiveTierError'")
