"""The contract: Avro schemas, the codec over them, the table of topics. Imports nothing of ours."""
