-- The text of one published price book or catalog.
SELECT body FROM configs FINAL WHERE kind = {kind:String} AND version = {version:String} LIMIT 1
