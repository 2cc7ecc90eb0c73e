"""One module per verb: how a plan's steps of that verb are carried out."""
