"""The DNAnexus store.

It speaks the platform's HTTP API by itself, over the standard library, and takes from dxpy what belongs to its users:
the ``dx`` command that logs them in, and where that keeps its login.  dxpy's own request function is no part of a
full-screen program: it prints on stderr where a proxy is set and where ``_DX_DEBUG`` is, sleeps without an end on 503,
follows redirects to any host with the token in its headers, shares one pool and one login among all stores of a
process, ignores ``no_proxy``, bounds no answer that merely trickles in, and does not hand out the headers of a refusal.
Importing it alone puts the token into the environment of every child and deletes the session folders of others.
Tests hold this store against dxpy: the same login is found, the same errors are known, the same routes are asked.
"""
