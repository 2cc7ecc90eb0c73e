"""Who is always there: an owner, a member and an admin of one org, and an outsider who runs another account."""

from __future__ import annotations

from icehouse.sim.dnanexus.planting import Planter

LAB, PARTNER = "org-genomics_core", "org-partner_lab"
OWNER, MEMBER, OUTSIDER, ORG_ADMIN = "user-owner", "user-member", "user-outsider", "user-orgadmin"

ROLES = {"owner": OWNER, "member": MEMBER, "outsider": OUTSIDER, "orgadmin": ORG_ADMIN}
"""The names under which the ready line gives their tokens."""


def enter(ground: Planter) -> None:
    """Plant the four users and the two orgs; their projects are billed to their org."""
    ground.add_user("owner", "Olive", "Owens", bill_to=LAB)
    ground.add_user("member", "Max", "Mbeki", bill_to=LAB)
    ground.add_user("orgadmin", "Ada", "Adler", bill_to=LAB)
    ground.add_user("outsider", "Otto", "Ortega", bill_to=PARTNER)
    ground.add_org("genomics_core", "Genomics Core", admins=[ORG_ADMIN], members=[OWNER, MEMBER])
    ground.add_org("partner_lab", "Partner Lab", admins=[OUTSIDER])
