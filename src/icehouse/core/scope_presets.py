"""Presets: the platforms' own advice on what to back up, as rules that a scope names and narrows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from .scopes import Cover, Rule, Verdict

_PROJECT: Final = re.compile(r"project-[0-9A-Za-z]{24}")


@dataclass(frozen=True, slots=True)
class Preset:
    """A named part of the advice: one sentence that explains it, and its rules.

    `labelled` are rules that ask for what of all listings only DNAnexus's tell.  They stand before the others and are
    for its stores alone: elsewhere they might match anything, and no later rule could skip.
    """

    name: str
    sentence: str
    rules: tuple[Rule, ...]
    labelled: tuple[Rule, ...] = ()

    def rules_for(self, covers: Iterable[Cover]) -> tuple[Rule, ...]:
        """The rules for a scope over `covers`, those that are `labelled` once for each store of DNAnexus."""
        stores = dict.fromkeys(cover.store for cover in covers if _PROJECT.fullmatch(cover.container))
        placed = tuple(replace(rule, store=store) for store in stores for rule in self.labelled)
        return tuple(replace(rule, preset=self.name) for rule in (*placed, *self.rules))


def _keep(reason: str, *globs: str) -> Rule:
    return Rule(Verdict.KEEP, reason, globs=globs)


SHARED: Final = Preset(
    "shared with me (where I may copy)",
    "Projects of other accounts that are shared with you: kept where you may copy out of them, skipped where you may "
    "not.",
    (
        Rule(
            Verdict.KEEP, "shared by others, who may take it away again; it may be copied", shared=True, copyable=True
        ),
        Rule(Verdict.SKIP, "shared by others, and may not be copied", shared=True, copyable=False),
    ),
)

APPS: Final = Preset(
    "apps, applets and workflows",
    "Applets and workflows, with all that they need to run: without them no result can be made again.",
    (Rule(Verdict.KEEP, "made here; results can't be made again without it", kinds=frozenset({"applet", "workflow"})),),
)

FINAL: Final = Preset(
    "final results",
    "What an analysis was made for: objects that are tagged final (on DNAnexus, whose listings tell tags), and the "
    "folders output, outputs, results and profiles at any depth.",
    (
        _keep("in a folder of results", "**/output/**", "**/outputs/**", "**/results/**"),
        _keep("profiles that an assay was made for", "**/profiles/**"),
    ),
    labelled=(Rule(Verdict.KEEP, "tagged as final", tags=frozenset({"final"})),),
)

SEQUENCER: Final = Preset(
    "sequencer data",
    "What an instrument wrote and nothing can make again: reads, raw run folders with their papers, and the images as "
    "the microscope wrote them.",
    (
        _keep(
            "reads as the sequencer wrote them",
            "*.fastq.gz", "*.fq.gz", "*.fastq", "*.fq", "*.fastq.ora", "*.fast5", "*.pod5", "*.subreads.bam",
        ),
        _keep(
            "raw data of a run",
            "**/raw/**", "run.*.tar.gz", "**/Data/Intensities/**", "*.bcl", "*.bcl.gz", "*.bcl.bgzf", "*.cbcl",
        ),
        _keep(
            "papers of a run, without which its data can't be read right",
            "**/InterOp/**", "RunInfo.xml", "[Rr]unParameters.xml", "RunCompletionStatus.xml", "SampleSheet*.csv",
            "RTAComplete.txt", "CopyComplete.txt",
        ),
        _keep(
            "images as the microscope wrote them",
            "**/Images/**", "**/images/**/*.tif", "**/images/**/*.tiff", "Index.idx.xml", "*.flex", "*.HTD", "*.czi",
            "*.nd2", "*.lif", "*.oib", "*.oif", "*.vsi", "*.lsm", "*.mrc", "*.eer", "*.dm4",
        ),
    ),
)  # fmt: skip

INTERMEDIATES: Final = Preset(
    "intermediates",
    "What can be made again: outputs of a job that can still be described and that later jobs consumed, and by their "
    "names thumbnails, illumination functions, load_data tables and temporary files; all of them skipped.",
    (
        Rule(Verdict.SKIP, "a later job consumed it, and its own job can make it again", intermediate=True),
        Rule(
            Verdict.SKIP,
            "made again from the images by the same pipeline",
            globs=("**/thumbnails/**", "**/images_illum/**", "**/load_data_csv/**"),
        ),
        Rule(Verdict.SKIP, "temporary by its name", globs=("*.tmp", "**/tmp/**")),
    ),
)

PRESETS: Final[Mapping[str, Preset]] = MappingProxyType(
    {preset.name: preset for preset in (SHARED, APPS, FINAL, SEQUENCER, INTERMEDIATES)}
)
"""By name, in the order in which a new scope holds them: what may not be copied first, what is skipped last, as a
final result may have been consumed by a later job too."""
