"""What is known of tables: columns, keys, codes, territories and personal data."""
