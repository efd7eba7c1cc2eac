"""The built-in checks: what an audit measures."""
