"""What every step needs: errors, names, random streams, tables, the start of a job."""
