"""What is out there: a disposable SQLite index per container."""
