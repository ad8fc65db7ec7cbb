"""ClickHouse: migrations, rows, the writer, the archive read back, and queries. Imports schemas."""
