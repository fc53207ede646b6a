"""Effects of genes and sgRNAs in a real screen, and the copy-number correction."""
