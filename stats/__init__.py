"""Arrays in, numbers out: no file, no network, no picture."""
