"""Numbers in, sentences and tables out, in English and Chinese."""
