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

    batch_step_seconds: float = 20.0
    """Simulated seconds that a batch job stays in each of its states but the active one."""
    batch_tasks_per_second: float = 1000.0
    """Tasks of a batch job in a simulated second."""
    batch_role: str = ""
    """The name of the only role that may be passed to a batch job; empty: any of the account."""
    batch_report_order: str = "sample"
    """`sample`: HTTP status before error code, as AWS's sample reports have it; `schema`: as their schema says."""
    batch_report_keys: str = "encoded"
    """Whether keys in a report are `encoded`, as in the manifest, or `raw`; unsettled on AWS."""

    def check(self) -> None:
        """Raise ValueError where a value is none of those that a switch takes."""
        if self.expiry_base not in {"completion", "request"}:
            raise ValueError("expiry_base is 'completion' or 'request'")
        if self.link_clock not in {"wall", "simulated"}:
            raise ValueError("link_clock is 'wall' or 'simulated'")
        if self.log_delay_seconds < 0 or self.trail_delay_seconds < 0:
            raise ValueError("a delay is 0 seconds or more")
        if self.batch_step_seconds < 0 or self.batch_tasks_per_second <= 0:
            raise ValueError("a step takes 0 seconds or more, and there is more than no task a second")
        if self.batch_report_order not in {"sample", "schema"} or self.batch_report_keys not in {"encoded", "raw"}:
            raise ValueError("batch_report_order is 'sample' or 'schema', batch_report_keys 'encoded' or 'raw'")
        if self.live_restore_code not in {"InvalidObjectState", "ObjectAlreadyInActiveTierError"}:
            raise ValueError("live_restore_code is 'InvalidObjectState' or 'ObjectAlreadyInActiveTierError'")
