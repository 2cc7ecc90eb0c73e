"""The console: screens over services; it carries nothing out itself."""
