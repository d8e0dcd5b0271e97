"""Chinese for every `errors.Message` and InputError, filed under its English template."""

from words.chinese.errors import faces, reading, stages, stats, system

TEXTS: dict[str, str] = {
    **faces.TEXTS,
    **stages.TEXTS,
    **reading.TEXTS,
    **stats.TEXTS,
    **system.TEXTS,
}
