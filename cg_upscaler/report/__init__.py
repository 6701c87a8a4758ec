"""What a run came to, for people and for machines: a page, a log, and what build servers and dashboards read."""
