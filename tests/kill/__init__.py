"""Hubs that are killed, cut off and lied to at every point of their writing, and what they keep."""
