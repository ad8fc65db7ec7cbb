"""Price books and catalogs as people write them: YAML in, what `core` computes with out."""
