"""Speed, against other programs: what is measured, on what."""
