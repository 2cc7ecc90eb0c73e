"""A stand-in of the DNAnexus API server that the real dxpy and dx work with: projects, files, archiving, faults."""
