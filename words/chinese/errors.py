"""Chinese for every `errors.Message` and InputError, filed under its English template."""

TEXTS: dict[str, str] = {}
