"""Files in, arrays and tables out, whatever stands in the files."""
