"""What users' words and numbers may be, and what they are told where they are not."""
