"""Dialogs: typed modal screens; each returns one result, and Cancel has the focus."""
