"""What the facts leave unsettled, and what a test may change, as named switches (facts §8 and the cells of §2.7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from icehouse.sim.switches import BaseSwitches

_CHOICES: Final = {
    "archived_clone": ("same_bill_to", "never"),
    "clone_state": ("inherit", "live"),
    "dry_run_size": ("ceil", "floor", "exact"),
    "folder_missing_words": ("today", "2018"),
    "permissions_visible_to": ("VIEW", "UPLOAD", "CONTRIBUTE", "ADMINISTER"),
    "accounts_told_to": ("VIEW", "UPLOAD", "CONTRIBUTE", "ADMINISTER"),
    "unarchive_live": ("nothing", "refuse"),
    "long_limits": ("refuse", "clip"),
    "symlink_archive": ("refuse", "skip", "allow"),
}


@dataclass(frozen=True, slots=True)
class Switches(BaseSwitches):
    """The settings; each default is the likelier or newer reading."""

    archival_download: bool = False
    """Whether a file in `archival` can be downloaded: no in the newest page, yes in an older one (§2.7)."""
    archived_clone: str = "same_bill_to"
    """Cloning an archived file: within the same billing account, or `never` as an older page has it (§2.7)."""
    clone_state: str = "inherit"
    """The new copy's state where an archival or archived file is cloned: the source's, or `live` (§8)."""
    data_usage_includes_archived: bool = True
    """Whether a project's dataUsage counts archived bytes (§2.5)."""
    parts_of_archived: bool = True
    """Whether describe still tells the parts of an archived file (§2.9)."""
    unarchive_twice_errors: bool = False
    """Whether a second unarchive call on a project errs while files of it are unarchiving (§2.7, field report)."""
    open_file_blocks_folder: bool = True
    """Whether one open file fails the archive call of its whole folder (issue #940)."""
    unarchive_live: str = "nothing"
    """Naming a live file to unarchive does `nothing`, or is refused with InvalidState."""
    symlink_archive: str = "refuse"
    """Naming a symlink to archive: `refuse` with InvalidState, `skip`, or `allow` (§2.8)."""
    archival_all_copies: bool = True
    """Whether archiving with allCopies takes a file that is `archival` here already, to bring the others along."""
    archiving_modifies: bool = False
    """Whether archive and unarchive change the file's `modified`."""
    removal_completes: bool = True
    """Whether the removal of the last live copy lets those in `archival` become archived."""
    unlicensed: str = ""
    """Billing accounts without the licence to archive, by id, with commas between them; `*` for all (§2.7)."""
    dry_run_size: str = "ceil"
    """The size in an unarchive answer, in GB: whole numbers rounded up or down, or `exact`."""
    folder_missing_words: str = "today"
    """The wording of listFolder's 404: `today` or `2018` (§2.5)."""
    permissions_visible_to: str = "ADMINISTER"
    """The level from which a project's `permissions` are told (§2.5)."""
    accounts_told_to: str = "VIEW"
    """The level from which a project's `billTo` is told; who has less is told null."""
    longest_link_seconds: float = 0.0
    """The longest duration of a preauthenticated URL, above it InvalidInput; 0: none, as none is documented."""
    closing_seconds: float = 0.3
    """How long a file is `closing`, in seconds of wall time; recorded 0.5 to 30 (§2.6)."""
    removal_batch: int = 10_000
    """Objects that one request removes at most (§7)."""
    smallest_part: int = 5_242_880
    """Bytes that every part but the last must have; told by fileUploadParameters, checked at close (§2.5)."""
    archiving_seconds: float = 3600.0
    """Simulated seconds at most from `archival` to archived, once every copy is archival."""
    standard_seconds: float = 14_400.0
    """Simulated seconds at most of unarchiving at Standard."""
    bulk_seconds: float = 32_400.0
    """Simulated seconds at most of unarchiving at Bulk."""
    expedited_seconds: float = 900.0
    """Simulated seconds at most of unarchiving at Expedited."""
    long_limits: str = "refuse"
    """A page limit above 1,000: `refuse` with InvalidInput, or `clip`."""
    requests_per_second: float = 0.0
    """API calls above this rate of wall time get 429 RateLimitConditional; 0 is no limit (§7: 200 an account)."""
    retry_after: int = 1
    """Seconds in the Retry-After of a 429 (the service sends 20 to 30, §1.5)."""

    def check(self) -> None:
        """Raise ValueError where a value is none of those that a switch takes."""
        for name, values in _CHOICES.items():
            if getattr(self, name) not in values:
                raise ValueError(f"{name} is one of {', '.join(values)}")

    def licensed(self, bill_to: str) -> bool:
        """Whether no switch takes an account's licence away."""
        named = self.unlicensed.split(",")
        return bill_to not in named and "*" not in named
