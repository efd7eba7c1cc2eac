"""Keys, manifests, stamps and their verification."""
