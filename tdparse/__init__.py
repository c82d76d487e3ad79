"""Explains tcpdump's text output for TCP, line by line, with the state of both endpoints."""
