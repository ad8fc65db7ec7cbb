"""Price books from elsewhere: read, compared with the book there is, and merged into it. Pure."""
