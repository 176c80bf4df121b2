"""Pictures and pages: what other rooms find out, shown."""
