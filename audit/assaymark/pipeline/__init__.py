"""The steps of the main job, put together: generate, audit, release, verify."""
