"""Widgets that paint lines of safe text and send only the cells that changed."""
