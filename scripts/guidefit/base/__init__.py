"""What every step needs: errors, names, random streams, tables, digests of code, and the start of a job."""
