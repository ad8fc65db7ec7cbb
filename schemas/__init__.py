"""The contract: Avro schemas, the codec over them, and the table of topics. Imports nothing of ours."""
