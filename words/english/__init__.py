"""Every text that a user sees, in English."""
