"""How a table becomes numbers that a model can learn, and back. A public toolkit for generator plugins."""
