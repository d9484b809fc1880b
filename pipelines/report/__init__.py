"""One kit for everything that is read: blocks, figures, texts in two languages, one page, and its PDF."""
