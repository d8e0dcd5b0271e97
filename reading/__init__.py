"""Files in, arrays and tables out, whatever the files hold."""
