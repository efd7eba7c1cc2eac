"""Complete projects for authors of plugins, written by ``assaymark plugins new``."""
