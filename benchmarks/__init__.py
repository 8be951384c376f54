"""The figures of the product, measured at full size and printed as one table."""
